"""What a provider says is believed where it is signed, meant for this site, and of one person."""

from base64 import urlsafe_b64encode
from concurrent.futures import Future
from copy import deepcopy
from functools import partial
from time import monotonic
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from django.contrib.auth.models import User
from django.test import Client

from syteops.audit.models import AuditEntry
from syteops.core.waiting import wanted_work, with_work_done
from syteops.people import openid
from syteops.people.queries import is_same_address
from tests.isolation import forget_calls
from tests.people.authenticator_app import SIGN_IN, is_in
from tests.people.openid_provider import CLIENT, SECRET, Provider, rsa_key
from tests.people.openid_sign_in import BACK, GO, come_back, go, provider, refused, running, sign_in
from tests.waiting import PATIENCE

pytestmark = pytest.mark.django_db

__all__ = ["provider", "running"]

# Fixed: these are names of tests, too, which must be the same in every process.
LONG_AGO, FAR_AHEAD = 1_000_000_000, 4_000_000_000


MALFORMED: list[Any] = [None, 5, True, [], [5], {}, {"a": [1]}, "\udc00", "é", "1" * 5_000]


def test_nothing_in_the_place_of_something_else_is_an_error_of_ours(
    client: Client, provider: Provider, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each value of each document of the provider, with whatever JSON holds."""
    true = provider.documents()
    places = [(page, name) for page in true for name in true[page]]
    key = [("/keys", name) for name in true["/keys"]["keys"][0]]
    asked = [("/.well-known/openid-configuration", "token_endpoint_auth_methods_supported")]
    refused_ones = 0
    for page, name in [*places, *key, *asked]:
        for value in MALFORMED:
            lied = deepcopy(true)
            told = lied[page]["keys"][0] if (page, name) in key else lied[page]
            told[name] = value
            monkeypatch.setattr(provider, "documents", lambda lied=lied: lied)
            forget_calls()
            answer = client.get(GO)
            if answer["Location"] != SIGN_IN:
                asked_for = answer["Location"].partition("?")[2]
                provider.authorize(f"{provider.issuer}/authorize?{asked_for}")
                answer = come_back(client, provider)
            assert answer["Location"] in (SIGN_IN, "/admin/"), (name, value)
            refused_ones += answer["Location"] == SIGN_IN
            client.logout()
    assert refused_ones > 80


NO_TEXT = partial(pytest.param, marks=pytest.mark.combination)
"""What not every database takes."""


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "mallory@example.com"},
        {"email_verified": False},
        {"email_verified": None},
        {"email_verified": "true"},
        {"email_verified": 1},
        {"email": ""},
        {"email": ["bob@example.com"]},
        {"email": {"in": "bob@example.com"}},
        NO_TEXT({"email": "bob@example.com\x00"}),
        {"email": "bob@example.com "},
        NO_TEXT({"email": "bob@\ud800.com"}),
        NO_TEXT({"nonce": "\ud800"}),
        {"iss": "https://evil.example"},
        {"aud": "somebody-else"},
        {"aud": None},
        {"aud": [CLIENT, "somebody-else"], "azp": "somebody-else"},
        {"nonce": "of-another-browser"},
        {"nonce": None},
        {"sub": None},
        {"exp": None},
        {"exp": LONG_AGO},
        {"iat": FAR_AHEAD},
        {"nbf": FAR_AHEAD},
        {"exp": "soon"},
        {"iss": 5},
        {"iss": ["https://ops.example.com"]},
    ],
    ids=str,
)
def test_a_token_that_says_something_else_signs_nobody_in(
    client: Client, provider: Provider, bob: User, claims: dict[str, Any]
) -> None:
    provider.claims = claims
    refused(client, sign_in(client, provider))
    assert User.objects.count() == 1
    entry = AuditEntry.objects.get()
    assert (entry.event, entry.operation) == ("person.sign_in_failed", "people.openid")


def public(name: str) -> bytes:
    key = rsa_key(name).public_key()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return bytes(key.public_bytes(serialization.Encoding.PEM, form))


@pytest.mark.parametrize(
    "signed_with",
    [
        pytest.param(lambda: (rsa_key("of a stranger"), "RS256", "one"), id="another key"),
        pytest.param(lambda: (rsa_key("of a stranger"), "RS256", "two"), id="unknown key"),
        pytest.param(lambda: (None, "none", "one"), id="no signature"),
        pytest.param(lambda: (SECRET * 4, "HS256", "one"), id="shared secret"),
    ],
)
def test_a_token_that_the_provider_did_not_sign_signs_nobody_in(
    client: Client, provider: Provider, bob: User, signed_with: Any
) -> None:
    provider.signed_with = signed_with()
    refused(client, sign_in(client, provider))


def test_the_public_key_is_no_shared_secret(
    client: Client, provider: Provider, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old trick: sign with the public key as if it were an HMAC key."""
    import base64
    import hashlib
    import hmac
    import json

    go(client, provider)
    head, claims, _ = provider.token().split(".")
    told = json.dumps({"alg": "HS256", "kid": "one", "typ": "JWT"}).encode()
    head = base64.urlsafe_b64encode(told).rstrip(b"=").decode()
    mac = hmac.digest(public("its own"), f"{head}.{claims}".encode(), hashlib.sha256)
    forged = f"{head}.{claims}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
    monkeypatch.setattr(provider, "token", lambda: forged)
    refused(client, come_back(client, provider))


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "null", "." * 5000])
def test_what_is_no_token_signs_nobody_in(
    client: Client, provider: Provider, bob: User, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider, "token", lambda: token)
    refused(client, sign_in(client, provider))


@pytest.mark.parametrize("column", ["is_active", "is_staff"])
def test_the_provider_lets_in_nobody_who_may_not(
    client: Client, provider: Provider, bob: User, column: str
) -> None:
    User.objects.update(**{column: False})
    refused(client, sign_in(client, provider))


def test_of_two_with_one_address_neither(client: Client, provider: Provider, bob: User) -> None:
    User.objects.create_user("bobby", "Bob@example.com", is_staff=True)
    refused(client, sign_in(client, provider))


@pytest.mark.combination
@pytest.mark.parametrize(
    ("here", "there"),
    [
        ("mike@example.com", "m\u0131ke@example.com"),  # dotless i: its capital is I
        ("mike@example.com", "mi\u212ae@example.com"),  # the Kelvin sign: its small letter is k
        ("strasse@example.com", "stra\u00dfe@example.com"),
        ("m\u0131ke@example.com", "MIKE@example.com"),
    ],
)
def test_letters_that_look_alike_are_others(
    client: Client, provider: Provider, here: str, there: str
) -> None:
    User.objects.create_user("mike", here, is_staff=True)
    provider.claims = {"email": there}
    refused(client, sign_in(client, provider))


def test_an_address_is_one_whatever_capitals_it_has_and_no_other() -> None:
    assert is_same_address("Mike@example.com", "mike@EXAMPLE.com")
    assert is_same_address("m\u0131ke@example.com", "m\u0131ke@example.com")
    assert not is_same_address("mi\u212ae@example.com", "mike@example.com")
    assert not is_same_address("mike@example.com", "mi\u212ae@example.com")


def test_people_without_an_address_are_nobody_s(client: Client, provider: Provider) -> None:
    User.objects.create_user("dora", "", is_staff=True)
    provider.claims = {"email": ""}
    refused(client, sign_in(client, provider))


def test_the_other_door_must_tell_of_the_same_person(
    client: Client, provider: Provider, bob: User
) -> None:
    provider.claims = {"email": None, "email_verified": None}
    provider.info = {"sub": "4321", "email": "bob@example.com", "email_verified": True}
    refused(client, sign_in(client, provider))


# --- What takes a provider long, or us ------------------------------------------------------


def number(bits: int) -> str:
    """One of so many bits, as keys have them."""
    size = bits // 8
    return urlsafe_b64encode(b"\xff" * size).rstrip(b"=").decode()


def test_no_other_key_than_the_token_s_is_looked_at_and_of_that_what_is_public(
    client: Client, provider: Provider, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a key with "d" the library factors the modulus: in a second, in an hour, or never."""
    true = provider.documents()
    [key] = true["/keys"]["keys"]
    private = {"kty": "RSA", "n": number(8192), "e": "AQAB", "d": number(8184)}
    long = {"kty": "RSA", "n": number(2_000_000), "e": "AQAB"}
    others = [{**private, "kid": str(n)} for n in range(50)]
    lies: list[tuple[list[Any], bool]] = [
        ([*others, None, "key", {**long, "kid": "two"}, key], True),
        ([{**private, **key}], True),
        ([{**private, "kid": "one"}], False),
        ([{**long, "kid": "one"}], False),
        ([key, key], False),
    ]
    began = monotonic()
    for keys, comes_in in lies:
        monkeypatch.setattr(provider, "documents", lambda: {**true, "/keys": {"keys": keys}})  # noqa: B023
        forget_calls()
        sign_in(client, provider)
        assert is_in(client) == comes_in, [one and one.get("kid") for one in keys[:1]]
        client.logout()
    assert monotonic() - began < PATIENCE


@pytest.mark.parametrize("place", [GO, BACK])
def test_the_provider_is_asked_where_nobody_waits_for_it(
    client: Client, provider: Provider, bob: User, place: str
) -> None:
    """One that fell silent kept a whole process for up to forty seconds."""
    asked = {}
    if place == BACK:
        go(client, provider)
        asked = {"code": "the-code", "state": provider.asked["state"]}
    openid._kept.clear()
    beside: Any = {"syteops.works_beside": True}
    before = provider.requests
    first: Any = client.get(place, asked, **beside)
    assert first.status_code == 202
    assert provider.requests == before
    assert not first.cookies
    work = wanted_work(first.wsgi_request.META)
    assert work is not None
    assert work.who == "127.0.0.1"
    done: Future[Any] = Future()
    done.set_result(work.do())
    before = provider.requests
    again: Any = with_work_done(beside, done)
    answer = client.get(place, asked, **again)
    assert answer.status_code == 302
    assert is_in(client) == (place == BACK)
    assert provider.requests == before
