"""A provider signs in who has an account here with an address that it has verified; nobody else."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.checks import run_checks
from django.test import Client
from pytest_django import Settings

from syteops.audit.models import AuditEntry
from syteops.people.passwords import require_change
from syteops.people.queries import is_same_address
from tests.fixtures import signed_in
from tests.people.authenticator_app import (
    SECOND,
    SIGN_IN,
    Clock,
    clock,
    is_in,
    set_up,
)
from tests.people.openid_provider import CLIENT, SECRET, Provider, provider_running, rsa_key

pytestmark = pytest.mark.django_db

__all__ = ["clock"]

GO, BACK = "/admin/login/openid/", "/admin/login/openid/back/"
# Fixed: these are names of tests, too, which must be the same in every process.
LONG_AGO, FAR_AHEAD = 1_000_000_000, 4_000_000_000


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    with provider_running() as server:
        yield server


@pytest.fixture(autouse=True)
def provider(running: Provider, settings: Settings) -> Provider:
    """As it should be."""
    cache.clear()
    running.claims, running.info, running.configuration, running.refusals = {}, {}, {}, []
    running.signed_with = (rsa_key("its own"), "RS256", "one")
    settings.ALLOW_PRIVATE_URLS = True
    settings.OIDC_ISSUER, settings.OIDC_NAME = running.issuer, "Acme"
    settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = CLIENT, SECRET
    return running


def go(client: Client, provider: Provider, then: str = "") -> str:
    """To the provider, and sign in there; answers the code with which the browser comes back."""
    answer = client.get(GO, {"next": then} if then else {})
    return provider.authorize(answer["Location"])


def come_back(client: Client, provider: Provider, **changed: str) -> Any:
    sent = {"code": "the-code", "state": provider.asked["state"], **changed}
    return client.get(BACK, {name: value for name, value in sent.items() if value})


def sign_in(client: Client, provider: Provider, then: str = "") -> Any:
    go(client, provider, then)
    return come_back(client, provider)


# --- Who comes in --------------------------------------------------------------------------


def test_who_has_the_verified_address_is_signed_in(
    client: Client, provider: Provider, bob: User
) -> None:
    answer = sign_in(client, provider, "/admin/crm/crmsystem/")
    assert answer["Location"] == "/admin/crm/crmsystem/"
    assert client.session["_auth_user_id"] == str(bob.pk)
    entry = AuditEntry.objects.get(event="person.signed_in")
    assert (entry.actor_label, entry.operation) == ("bob", "people.openid")


@pytest.mark.parametrize("way", [["client_secret_post"], ["client_secret_basic", "other"]])
def test_the_client_proves_itself_as_the_provider_wants(
    client: Client, provider: Provider, bob: User, way: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.configuration = {"token_endpoint_auth_methods_supported": way}
    seen: list[bool] = []

    def look(form: dict[str, str], authorization: str) -> str:
        seen.append("client_secret" in form)
        return ""

    monkeypatch.setattr(provider, "problem_of", look)
    sign_in(client, provider)
    assert is_in(client)
    assert seen == [way == ["client_secret_post"]]


def test_capitals_of_an_address_do_not_matter(
    client: Client, provider: Provider, bob: User
) -> None:
    provider.claims = {"email": "BOB@Example.com"}
    sign_in(client, provider)
    assert is_in(client)


def test_the_address_may_come_by_the_other_door(
    client: Client, provider: Provider, bob: User
) -> None:
    provider.claims = {"email": None, "email_verified": None}
    provider.info = {"sub": "1234", "email": "bob@example.com", "email_verified": True}
    sign_in(client, provider)
    assert is_in(client)


def test_a_second_factor_is_asked_for_all_the_same(
    client: Client, provider: Provider, bob: User, clock: Clock
) -> None:
    app = set_up(signed_in(bob), clock)
    answer = sign_in(client, provider, "/admin/crm/crmsystem/")
    assert answer["Location"].startswith(SECOND)
    assert not is_in(client)
    assert client.get("/api/manage/v1/whoami").status_code == 401
    answer = client.post(answer["Location"], {"code": app.code()})
    assert answer["Location"] == "/admin/crm/crmsystem/"
    assert AuditEntry.objects.get(event="person.signed_in").operation == "people.openid"


def test_what_comes_first_comes_first(
    client: Client, provider: Provider, bob: User, settings: Settings
) -> None:
    settings.SECOND_FACTOR = "required"
    sign_in(client, provider)
    assert client.get("/admin/")["Location"] == "/admin/second-factor/"
    require_change(bob)
    sign_in(other := Client(), provider)
    assert other.get("/admin/")["Location"] == "/admin/password_change/"


def test_nothing_of_the_person_changes(client: Client, provider: Provider, bob: User) -> None:
    before: dict[str, Any] = {**User.objects.values().get()}
    provider.claims = {"is_superuser": True, "groups": ["admin"], "name": "Mallory", "roles": ["x"]}
    sign_in(client, provider)
    after: dict[str, Any] = {**User.objects.values().get()}
    assert {n for n in after if after[n] != before[n]} == {"last_login"}
    assert not bob.groups.exists()


# --- Who does not --------------------------------------------------------------------------


def refused(client: Client, answer: Any) -> None:
    assert answer["Location"] == SIGN_IN
    assert not is_in(client)
    assert "Acme: That did not work" in client.get(SIGN_IN).content.decode()


@pytest.mark.combination
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
        {"email": "bob@example.com\x00"},
        {"email": "bob@example.com "},
        {"email": "bob@\ud800.com"},
        {"nonce": "\ud800"},
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


# --- The way there and back ----------------------------------------------------------------


@pytest.mark.parametrize("state", ["", "of-another-browser", "é"])
def test_an_answer_to_another_browser_is_none(
    client: Client, provider: Provider, bob: User, state: str
) -> None:
    go(client, provider)
    refused(client, come_back(client, provider, state=state))


def test_nobody_is_signed_in_with_the_code_of_another(provider: Provider, bob: User) -> None:
    """Else a link would sign one in as somebody else, who sees what is entered then."""
    victim, attacker = Client(), Client()
    go(attacker, provider)
    refused(victim, come_back(victim, provider))
    theirs = dict(provider.asked)
    go(victim, provider)
    mine, provider.asked = provider.asked["state"], theirs
    refused(victim, come_back(victim, provider, state=mine))
    assert provider.refusals == ["verifier"]


def test_an_answer_is_good_for_ten_minutes(
    client: Client, provider: Provider, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    go(client, provider)
    now = time.time()
    monkeypatch.setattr("django.core.signing.time.time", lambda: now + 601)
    refused(client, come_back(client, provider))


def test_a_cookie_of_one_s_own_making_is_none(
    client: Client, provider: Provider, bob: User
) -> None:
    go(client, provider)
    client.cookies["openid"] = '{"state": "x", "nonce": "y", "verifier": "z", "next": "/"}'
    refused(client, come_back(client, provider, state="x"))


def test_a_refusal_there_is_told_here(client: Client, provider: Provider, bob: User) -> None:
    go(client, provider)
    refused(client, come_back(client, provider, code="", error="access_denied<script>"))


@pytest.mark.parametrize(
    "then", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_no_address_leads_to_another_site(
    client: Client, provider: Provider, bob: User, then: str
) -> None:
    assert sign_in(client, provider, then)["Location"] == "/admin/"


def test_it_comes_back_to_the_site_s_own_address(
    client: Client, provider: Provider, bob: User, settings: Settings
) -> None:
    settings.SITE_URL = "https://ops.example.com"
    go(client, provider)
    assert provider.asked["redirect_uri"] == f"https://ops.example.com{BACK}"
    assert provider.asked["scope"] == "openid email"
    assert provider.asked["code_challenge_method"] == "S256"


def test_guessing_is_locked(client: Client, provider: Provider, bob: User) -> None:
    provider.claims = {"email_verified": False}
    for _ in range(5):
        sign_in(client, provider)
    provider.claims = {}
    assert sign_in(client, provider).status_code == 429
    assert not is_in(client)


@pytest.mark.parametrize(
    "lied",
    [
        {"issuer": "https://evil.example"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": None},
    ],
)
def test_a_provider_that_lies_leads_nowhere(
    client: Client, provider: Provider, lied: dict[str, Any]
) -> None:
    provider.configuration = lied
    refused(client, client.get(GO))


def test_a_provider_that_is_away_is_told(client: Client, settings: Settings) -> None:
    settings.OIDC_ISSUER = "http://127.0.0.1:9"
    refused(client, client.get(GO))


def test_a_private_address_is_asked_only_where_the_site_says_so(
    client: Client, settings: Settings, provider: Provider
) -> None:
    settings.ALLOW_PRIVATE_URLS = False
    refused(client, client.get(GO))
    settings.ALLOWED_PRIVATE_ORIGINS = [provider.issuer]
    assert client.get(GO)["Location"].startswith(provider.issuer)


# --- Settings ------------------------------------------------------------------------------


def test_the_button_is_there_where_it_is_set_up(client: Client, settings: Settings) -> None:
    text = client.get(f"{SIGN_IN}?next=/admin/crm/").content.decode()
    assert "Sign in with Acme" in text
    assert f"{GO}?next=/admin/crm/" in text
    settings.OIDC_ISSUER = ""
    assert "Sign in with" not in client.get(SIGN_IN).content.decode()
    assert client.get(GO).status_code == 404


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OIDC_CLIENT_ID", ""),
        ("OIDC_CLIENT_SECRET", ""),
        ("OIDC_ISSUER", "login.example.com"),
        ("OIDC_ISSUER", "ftp://login.example.com"),
    ],
)
def test_what_cannot_work_stops_the_start(settings: Settings, name: str, value: str) -> None:
    assert not [one for one in run_checks() if one.id == "syteops.E013"]
    setattr(settings, name, value)
    [found] = [one for one in run_checks() if one.id == "syteops.E013"]
    assert name in found.msg
