"""Between password and admin stands a code, for who has set that up. Nothing gets round it."""

import json
import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client

from syteops.audit.models import AuditEntry
from syteops.people import second_steps
from tests.fixtures import signed_in
from tests.people.authenticator_app import (
    OWN,
    SECOND,
    SIGN_IN,
    App,
    Clock,
    app,
    clock,
    enter_code,
    enter_password,
    is_in,
    set_up,
)

pytestmark = pytest.mark.django_db

__all__ = ["app", "clock"]

WRONG = "This code is not right"


def trail(event: str) -> list[tuple[str, str, str]]:
    found = AuditEntry.objects.filter(event=event).order_by("id")
    return [(one.actor_label, one.object_label, one.code) for one in found]


# --- The way in ----------------------------------------------------------------------------


def test_password_and_code_lead_where_the_person_wanted_to(
    client: Client, alice: User, app: App
) -> None:
    asked = enter_password(client, alice, "/admin/crm/crmsystem/")
    assert asked["Location"].startswith(SECOND)
    assert not trail("person.signed_in")
    assert client.get(asked["Location"]).content.count(b"<main") == 1

    answer = client.post(asked["Location"], {"code": app.code()})

    assert (answer.status_code, answer["Location"]) == (302, "/admin/crm/crmsystem/")
    assert client.get("/admin/").status_code == 200
    assert trail("person.signed_in") == [("alice", "alice", "")]


def test_without_a_second_factor_the_password_is_enough(
    client: Client, bob: User, app: App
) -> None:
    assert enter_password(client, bob)["Location"] == "/admin/"
    assert is_in(client)


@pytest.mark.parametrize("typed", ["{}", " {} ", "{0[0]}{0[1]}{0[2]} {0[3]}{0[4]}{0[5]}"])
def test_a_code_may_be_typed_as_the_app_shows_it(
    client: Client, alice: User, app: App, typed: str
) -> None:
    enter_password(client, alice)
    enter_code(client, typed.format(app.code()))
    assert is_in(client)


@pytest.mark.parametrize("steps", [-1, 1])
def test_clocks_may_differ_by_half_a_minute(
    client: Client, alice: User, app: App, clock: Clock, steps: int
) -> None:
    clock.pass_by(60)
    enter_password(client, alice)
    enter_code(client, app.code(steps))
    assert is_in(client)


# --- No other door -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/admin/",
        "/admin/auth/user/",
        "/admin/password_change/",
        "/admin/guides/",
        "/admin/search/?s=alice",
        "/admin/second-factor/",
        "/admin/second-factor/off/",
        "/admin/second-factor/codes/",
        "/admin/other-options/",
    ],
)
@pytest.mark.usefixtures("app")
def test_the_password_alone_opens_no_page(client: Client, alice: User, path: str) -> None:
    enter_password(client, alice)
    answer = client.get(path)
    assert answer.status_code == 302
    assert answer["Location"].startswith(SIGN_IN)


@pytest.mark.usefixtures("app")
def test_the_password_alone_opens_neither_api_nor_pictures(client: Client, alice: User) -> None:
    enter_password(client, alice)
    assert client.get("/api/manage/v1/whoami").status_code == 401
    assert client.get("/api/manage/v1/crm-systems").status_code == 401
    assert client.get("/uploads/team/1.png").status_code in (302, 404)


@pytest.mark.usefixtures("app")
def test_the_password_alone_switches_nothing_off(client: Client, alice: User) -> None:
    enter_password(client, alice)
    client.post(f"{OWN}off/")
    client.post(f"{OWN}codes/")
    assert Authenticator.objects.filter(user=alice).count() == 2


def test_the_second_step_without_the_first_is_the_first(
    client: Client, alice: User, app: App
) -> None:
    answer = enter_code(client, app.code(), username="alice")
    assert answer["Location"].startswith(SIGN_IN)
    assert not is_in(client)


def test_of_two_people_in_one_browser_the_one_with_the_last_password_counts(
    client: Client, alice: User, bob: User, app: App, clock: Clock
) -> None:
    of_bob = set_up(signed_in(bob), clock)
    enter_password(client, alice)
    enter_password(client, bob)
    assert WRONG in enter_code(client, app.code()).content.decode()
    enter_code(client, of_bob.code())
    assert client.session["_auth_user_id"] == str(bob.pk)


def test_the_code_of_another_person_is_a_wrong_one(
    client: Client, alice: User, bob: User, app: App, clock: Clock
) -> None:
    of_bob = set_up(signed_in(bob), clock)
    enter_password(client, alice)
    for code in (of_bob.code(), of_bob.recovery[0]):
        assert WRONG in enter_code(client, code).content.decode()
    assert not is_in(client)
    enter_password(client, bob)
    enter_code(client, of_bob.recovery[0])
    assert is_in(client), "it was used up by the attempt"


def test_other_sessions_of_before_end_with_the_set_up(alice: User, clock: Clock) -> None:
    other, here = signed_in(alice), signed_in(alice)
    set_up(here, clock)
    assert here.get("/admin/").status_code == 200
    assert other.get("/admin/").status_code == 302


def test_sessions_of_others_go_on(alice: User, bob: User, clock: Clock) -> None:
    other = signed_in(bob)
    set_up(signed_in(alice), clock)
    assert other.get("/admin/").status_code == 200


def test_who_knew_the_session_before_the_password_has_nothing(
    client: Client, alice: User, app: App
) -> None:
    client.get(SIGN_IN)
    client.session.save()
    planted = client.session.session_key
    client.cookies["sessionid"] = planted or ""
    enter_password(client, alice)
    between = client.session.session_key
    enter_code(client, app.code())
    assert is_in(client)
    assert len({planted, between, client.session.session_key}) == 3
    for known in (planted, between):
        stranger = Client()
        stranger.cookies["sessionid"] = known or ""
        assert enter_code(stranger, app.recovery[0])["Location"].startswith(SIGN_IN)
        assert stranger.get("/admin/").status_code == 302


# --- When it ends --------------------------------------------------------------------------


@pytest.mark.parametrize(("age", "is_good"), [(599, True), (601, False), (-1, False)])
def test_a_right_password_is_good_for_ten_minutes(
    client: Client, alice: User, app: App, age: int, is_good: bool
) -> None:
    enter_password(client, alice)
    session = client.session
    session[second_steps.PENDING]["at"] -= age
    session.save()
    enter_code(client, app.code())
    assert is_in(client) == is_good


def change_password(alice: User) -> None:
    alice.set_password("another-password")
    alice.save()


@pytest.mark.parametrize(
    "done",
    [
        pytest.param(change_password, id="another password"),
        pytest.param(lambda alice: User.objects.update(is_active=False), id="deactivated"),
        pytest.param(lambda alice: User.objects.update(is_staff=False), id="no staff any more"),
        pytest.param(lambda alice: alice.delete(), id="deleted"),
    ],
)
def test_what_becomes_of_the_person_meanwhile_holds(
    client: Client, alice: User, app: App, done: Any
) -> None:
    enter_password(client, alice)
    done(alice)
    assert enter_code(client, app.code())["Location"].startswith(SIGN_IN)
    assert not is_in(client)


# --- Elsewhere -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"],
)
def test_no_address_leads_to_another_site(
    client: Client, alice: User, app: App, elsewhere: str
) -> None:
    asked = enter_password(client, alice, elsewhere)
    assert "evil" not in asked["Location"]
    answer = client.post(f"{SECOND}?next={elsewhere}", {"code": app.code(), "next": elsewhere})
    assert answer["Location"] == "/admin/"
    assert is_in(client)


def test_without_the_first_step_neither(client: Client) -> None:
    answer = client.get(f"{SECOND}?next=https://evil.example/")
    assert "evil" not in answer["Location"]


# --- At rest -------------------------------------------------------------------------------


def test_nothing_at_rest_shows_a_secret(alice: User, app: App) -> None:
    browser = signed_in(User.objects.create_superuser("dora", password="dora-password"))
    text = browser.get(OWN).content.decode()
    waiting = re.search(r'id="totp-secret"[^>]*>([A-Z2-7 ]+)<', text)
    assert waiting
    sessions = str([one.get_decoded() for one in Session.objects.all()])
    assert "new_totp" in sessions
    assert waiting[1].replace(" ", "") not in sessions
    rows = json.dumps([one.data for one in Authenticator.objects.all()])
    for secret in (app.secret, *app.recovery, *(one.replace(" ", "") for one in app.recovery)):
        assert secret not in rows
    assert set(Authenticator.objects.get(type="totp").data) == {"secret", "counter"}
