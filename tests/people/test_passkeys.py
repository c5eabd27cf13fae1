"""A passkey signs in its person, here, to the challenge of this browser, and nobody else."""

import json
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from syteops.audit.models import AuditEntry
from syteops.core.counters import CounterKind, counters
from syteops.people.factors import has_factor
from syteops.people.sessions import end_sessions, stored_key
from tests.fixtures import signed_in
from tests.people.authenticator_app import (
    OWN,
    SECOND,
    SIGN_IN,
    Clock,
    after_a_while,
    clock,
    enter_code,
    enter_password,
    is_in,
    set_up,
    shown_codes,
)
from tests.people.security_key import HOST, PRESENT, SecurityKey, b64

pytestmark = pytest.mark.django_db

__all__ = ["clock"]

ADD = f"{OWN}passkey/"
GET = "/admin/login/passkey/"


@pytest.fixture(autouse=True)
def _host(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = [HOST, "other.example"]


def browser(user: User | None = None) -> Client:
    client = signed_in(user) if user else Client()
    client.defaults["SERVER_NAME"] = HOST
    return client


def add(client: Client, key: SecurityKey, **lied: Any) -> Any:
    options = client.get(ADD).context["options"]
    return client.post(ADD, {"name": "Phone", "credential": key.make(options, **lied)})


@pytest.fixture
def key(alice: User) -> SecurityKey:
    """Alice's, who has registered it."""
    key = SecurityKey()
    add(browser(alice), key)
    assert has_factor(alice)
    return key


def challenge(client: Client) -> Any:
    return client.post(GET).json()


def present(client: Client, answer: str, then: str = "") -> Any:
    return client.post(GET, {"credential": answer, "next": then})


# --- Making one ----------------------------------------------------------------------------


def test_a_passkey_is_made_with_recovery_codes_and_told(alice: User) -> None:
    client = browser(alice)
    answer = add(client, SecurityKey())
    assert len(shown_codes(answer)) == 10
    assert b"Passkey <strong>Phone</strong>" in client.get(OWN).content
    entry = AuditEntry.objects.get(event="person.second_factor_added")
    assert entry.changes == {"kind": {"before": None, "after": "webauthn"}}


def test_beside_an_app_the_recovery_codes_stay(alice: User, clock: Clock) -> None:
    client = browser(alice)
    app = set_up(client, clock)
    assert add(client, SecurityKey())["Location"] == OWN
    enter_password(other := browser(), alice)
    enter_code(other, app.recovery[0])
    assert is_in(other)


@pytest.mark.parametrize(
    "lied",
    [
        {"challenge": b64(b"of-another-browser")},
        {"origin": "https://evil.example"},
        {"origin": "http://localhost.evil.example"},
        {"host": "evil.example"},
        {"kind": "webauthn.get"},
        pytest.param({"flags": PRESENT}, id="nobody's finger"),
    ],
)
def test_a_forged_one_is_not_kept(alice: User, lied: dict[str, Any]) -> None:
    answer = add(browser(alice), SecurityKey(), **lied)
    assert b"The passkey was not made" in answer.content
    assert not Authenticator.objects.exists()


def test_an_answer_makes_one_passkey(alice: User) -> None:
    client, key = browser(alice), SecurityKey()
    answer = key.make(client.get(ADD).context["options"])
    client.post(ADD, {"name": "Phone", "credential": answer})
    client.post(ADD, {"name": "Phone", "credential": answer})
    assert Authenticator.objects.filter(type="webauthn").count() == 1


@pytest.mark.parametrize("way", ["add", "remove"])
def test_an_old_sign_in_asks_for_the_password(alice: User, way: str) -> None:
    client, key = browser(alice), SecurityKey()
    if way == "remove":
        add(client, key)
    before = Authenticator.objects.count()
    after_a_while(client)
    if way == "add":
        add(client, key)
    else:
        remove(client)
    assert Authenticator.objects.count() == before


def test_other_sessions_end(alice: User) -> None:
    other = browser(alice)
    add(browser(alice), SecurityKey())
    assert other.get("/admin/").status_code == 302


# --- Signing in ----------------------------------------------------------------------------


def test_it_signs_in_by_itself(key: SecurityKey, alice: User) -> None:
    client = browser()
    answer = present(client, key.prove(challenge(client)), "/admin/crm/crmsystem/")
    assert answer["Location"] == "/admin/crm/crmsystem/"
    assert client.get("/admin/").status_code == 200
    assert AuditEntry.objects.filter(event="person.signed_in", object_label="alice").exists()


@pytest.mark.parametrize("has_a_passkey", [True, False])
def test_a_stranger_s_session_is_short_and_that_of_who_signs_in_is_not(
    key: SecurityKey, bob: User, has_a_passkey: bool
) -> None:
    """One address made 600,000 of them in two weeks, and a change of a factor opened each."""
    client = browser()

    def days() -> float:
        row = Session.objects.get(pk=stored_key(client.session.session_key))
        return (row.expire_date - timezone.now()) / timedelta(days=1)

    asked = challenge(client)
    assert 0 < days() < 0.1
    _ = present(client, key.prove(asked)) if has_a_passkey else enter_password(client, bob)
    assert is_in(client)
    assert days() > 13


def test_sessions_that_are_over_are_not_opened(bob: User) -> None:
    browser(bob)
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    end_sessions(bob)
    assert Session.objects.exists()


def test_the_sign_in_page_hands_on_where_one_wanted_to(key: SecurityKey) -> None:
    text = browser().get(f"{SIGN_IN}?next=/admin/crm/crmsystem/").content.decode()
    assert '<input type="hidden" name="next" value="/admin/crm/crmsystem/">' in text


def test_it_is_the_second_step_as_well(key: SecurityKey, alice: User) -> None:
    client = browser()
    assert enter_password(client, alice)["Location"].startswith(SECOND)
    assert not is_in(client)
    present(client, key.prove(challenge(client)))
    assert is_in(client)


def test_no_page_asks_for_one_where_there_is_none(alice: User) -> None:
    assert b"passkey" not in browser().get(SIGN_IN).content
    add(browser(alice), SecurityKey())
    assert b"Sign in with a passkey" in browser().get(SIGN_IN).content


@pytest.mark.parametrize(
    "lied",
    [
        {"challenge": b64(b"of-another-browser")},
        {"origin": "https://evil.example"},
        {"origin": "http://localhost.evil.example"},
        {"host": "evil.example"},
        {"kind": "webauthn.create"},
        pytest.param({"flags": PRESENT}, id="nobody's finger"),
        pytest.param({"flags": 0}, id="nobody there"),
    ],
)
def test_a_forged_answer_signs_nobody_in(key: SecurityKey, lied: dict[str, Any]) -> None:
    client = browser()
    answer = present(client, key.prove(challenge(client), **lied))
    assert answer["Location"].startswith(SIGN_IN)
    assert not is_in(client)
    entry = AuditEntry.objects.get(event="person.sign_in_failed")
    assert (entry.object_label, entry.code) == ("alice", "not_authenticated")


def test_another_key_of_the_same_name_signs_nobody_in(key: SecurityKey) -> None:
    client, forged = browser(), SecurityKey(id=key.id, owner=key.owner)
    present(client, forged.prove(challenge(client)))
    assert not is_in(client)


def test_the_key_of_one_does_not_sign_in_another(key: SecurityKey, alice: User, bob: User) -> None:
    of_bob = SecurityKey(id=b"key-of-bob")
    add(browser(bob), of_bob)
    client = browser()
    present(client, of_bob.prove(challenge(client), owner=key.owner))
    assert not is_in(client)
    present(client, of_bob.prove(challenge(client)))
    assert client.session["_auth_user_id"] == str(bob.pk)


def test_an_answer_works_once_and_in_its_own_browser(key: SecurityKey) -> None:
    client, other = browser(), browser()
    answer = key.prove(challenge(client))
    challenge(other)
    for stranger in (other, browser()):
        present(stranger, answer)
        assert not is_in(stranger)
    present(client, answer)
    assert is_in(client)
    client.post("/admin/logout/")
    present(client, answer)
    assert not is_in(client)


def test_a_copy_of_a_device_is_noticed_by_its_count(key: SecurityKey) -> None:
    """Whichever of the two comes second has not counted on."""
    for count, is_let_in in ((0, True), (5, True), (6, True), (6, False), (3, False), (0, False)):
        client, key.count = browser(), count
        present(client, key.prove(challenge(client)))
        assert is_in(client) is is_let_in, count
    client, key.count = browser(), 7
    present(client, key.prove(challenge(client)))
    assert is_in(client)


def test_a_challenge_is_over_after_one_wrong_answer(key: SecurityKey) -> None:
    client = browser()
    asked = challenge(client)
    present(client, key.prove(asked, flags=0))
    present(client, key.prove(asked))
    assert not is_in(client)


@pytest.mark.parametrize("column", ["is_active", "is_staff"])
def test_who_may_not_come_in_does_not(key: SecurityKey, column: str) -> None:
    User.objects.update(**{column: False})
    client = browser()
    present(client, key.prove(challenge(client)))
    assert not is_in(client)


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "{}",
        "null",
        "[]",
        "1",
        '"x"',
        "{",
        "[" * 9_000,
        "\0",
        "x" * 900_000,
        json.dumps({"response": {"userHandle": None}}),
        json.dumps({"response": {"userHandle": "enp6enp6enp6eno"}}),
        json.dumps({"response": {"userHandle": "AA"}, "rawId": "!", "id": "!"}),
        json.dumps({"response": [], "rawId": [], "id": {}, "type": 3}),
    ],
)
def test_what_is_no_answer_is_refused(key: SecurityKey, alice: User, answer: str) -> None:
    client = browser()
    challenge(client)
    before = tries()
    assert present(client, answer)["Location"].startswith(SIGN_IN)
    assert not is_in(client)
    assert tries() == before + 1
    mine = browser(alice)
    mine.get(ADD)
    assert mine.post(ADD, {"name": "x", "credential": answer}).status_code == 200
    assert Authenticator.objects.filter(type="webauthn").count() == 1


def tries() -> int:
    """What has failed from the tests' address."""
    return counters().read(CounterKind.TRIES_OF_ADDRESS, "127.0.0.1", 60)


def test_guessing_is_locked(key: SecurityKey, alice: User) -> None:
    client = browser()
    for _ in range(5):
        present(client, key.prove(challenge(client), flags=0))
    assert present(client, key.prove(challenge(client))).status_code == 429
    assert not is_in(client)


@pytest.mark.parametrize("then", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_no_address_leads_to_another_site(key: SecurityKey, then: str) -> None:
    client = browser()
    assert present(client, key.prove(challenge(client)), then)["Location"] == "/admin/"
    assert "evil" not in present(browser(), "{}", then)["Location"]


def test_no_challenge_without_the_token_of_a_form() -> None:
    stranger = Client(enforce_csrf_checks=True, SERVER_NAME=HOST)
    assert stranger.post(GET).status_code == 403
    assert stranger.get(GET).status_code == 405


# --- Having to, and removing ---------------------------------------------------------------


def remove(client: Client, pk: int | None = None) -> Any:
    pk = pk or Authenticator.objects.filter(type="webauthn").values_list("pk", flat=True)[0]
    return client.post(f"{ADD}{pk}/")


def test_where_one_has_to_a_passkey_will_do(alice: User, settings: Settings) -> None:
    settings.SECOND_FACTOR = "required"
    client = browser(alice)
    assert client.get("/admin/")["Location"] == OWN
    add(client, SecurityKey())
    assert client.get("/admin/").status_code == 200


def test_with_the_last_one_the_recovery_codes_go(alice: User) -> None:
    client = browser(alice)
    add(client, SecurityKey())
    add(client, SecurityKey(id=b"another"))
    remove(client)
    assert sorted(one.type for one in Authenticator.objects.all()) == ["recovery_codes", "webauthn"]
    remove(client)
    assert not Authenticator.objects.exists()
    assert AuditEntry.objects.filter(event="person.second_factor_removed").count() == 2


def test_a_removed_one_signs_nobody_in(key: SecurityKey, alice: User) -> None:
    enter_password(other := browser(), alice)
    present(other, key.prove(challenge(other)))
    remove(other)
    client = browser()
    present(client, key.prove(challenge(client)))
    assert not is_in(client)


def test_with_a_lost_device_go_the_sessions_that_began_on_it(alice: User) -> None:
    here, kept, lost = browser(alice), SecurityKey(), SecurityKey(id=b"lost")
    for one in (kept, lost):
        add(here, one)
    elsewhere = browser()
    present(elsewhere, lost.prove(challenge(elsewhere)))
    assert is_in(elsewhere)

    remove(here, Authenticator.objects.filter(type="webauthn").latest("pk").pk)

    assert (is_in(here), is_in(elsewhere)) == (True, False)


def test_nobody_removes_another_person_s(key: SecurityKey, alice: User, bob: User) -> None:
    of_alice = Authenticator.objects.get(type="webauthn").pk
    client = browser(bob)
    remove(client, of_alice)
    assert has_factor(alice)
