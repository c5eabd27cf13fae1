"""A code of the second step signs in once, and guessing codes is locked like guessing passwords."""

from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from syteops.audit.models import AuditEntry
from syteops.people import second_steps
from tests.fixtures import signed_in
from tests.people.authenticator_app import (
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

# --- Codes work once -----------------------------------------------------------------------


@pytest.mark.combination
def test_a_code_signs_in_once(alice: User, app: App) -> None:
    code = app.code()
    for is_first in (True, False):
        client = Client()
        enter_password(client, alice)
        enter_code(client, code)
        assert is_in(client) == is_first


def test_a_code_is_used_up_once_a_later_one_was_used(alice: User, app: App) -> None:
    for code, works in ((app.code(1), True), (app.code(), False), (app.code(-1), False)):
        client = Client()
        enter_password(client, alice)
        enter_code(client, code)
        assert is_in(client) == works


def test_the_code_that_set_it_up_signs_nobody_in(client: Client, alice: User, clock: Clock) -> None:
    app = set_up(signed_in(alice), clock)
    enter_password(client, alice)
    enter_code(client, app.code(-1))
    assert not is_in(client)


@pytest.mark.combination
def test_a_recovery_code_signs_in_once_and_the_trail_says_so(alice: User, app: App) -> None:
    for is_first in (True, False):
        client = Client()
        enter_password(client, alice)
        enter_code(client, app.recovery[3])
        assert is_in(client) == is_first
    entry = AuditEntry.objects.get(event="person.recovery_code_used")
    assert (entry.actor_label, entry.changes) == (
        "alice",
        {"recovery_codes": {"before": 10, "after": 9}},
    )
    assert entry.address == "127.0.0.1"


@pytest.mark.parametrize(
    "code",
    [
        "",
        "0",
        "000000",
        "１２３４５６",
        "-1",
        "\x00",
        "null",
        "9" * 41,
        "9" * 900_000,
        "😀" * 6,
        "a' OR 1=1",
    ],
)
def test_what_is_no_code_opens_nothing(client: Client, alice: User, app: App, code: str) -> None:
    enter_password(client, alice)
    assert enter_code(client, code).status_code == 200
    assert not is_in(client)


# --- Guessing ------------------------------------------------------------------------------


def test_guessing_codes_is_locked_like_guessing_passwords(
    client: Client, alice: User, app: App
) -> None:
    enter_password(client, alice)
    for _ in range(5):
        enter_code(client, "000000")
    assert enter_code(client, app.code()).status_code == 429
    assert not is_in(client)
    assert enter_password(Client(), alice).status_code == 429


def test_entering_the_password_again_begins_no_new_count(
    client: Client, alice: User, app: App
) -> None:
    for _ in range(5):
        enter_password(client, alice)
        enter_code(client, "000000")
    assert enter_password(client, alice).status_code == 429


def test_many_addresses_do_not_help(alice: User, app: App, settings: Settings) -> None:
    settings.TRUSTED_PROXIES = 1
    for number in range(second_steps.most_wrong_codes() + 1):
        client = Client(headers={"X-Forwarded-For": f"203.0.113.{number}"})
        enter_password(client, alice)
        answer = enter_code(client, "000000")
    assert answer.status_code == 429
    client = Client(headers={"X-Forwarded-For": "203.0.113.250"})
    enter_password(client, alice)
    assert enter_code(client, app.code()).status_code == 429
    assert not is_in(client)


def test_of_many_wrong_codes_at_once_no_more_are_looked_at(
    client: Client, alice: User, app: App, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each one comes while the one before it is being looked at, from an address of its own."""
    settings.TRUSTED_PROXIES = settings.AXES_FAILURE_LIMIT = 1
    most, looked_at = second_steps.most_wrong_codes(), []

    def look(*args: Any) -> bool:
        looked_at.append(args)
        if len(looked_at) <= 2 * most:
            other = Client(headers={"X-Forwarded-For": f"203.0.113.{len(looked_at)}"})
            enter_password(other, alice)
            enter_code(other, "000000")
        return False

    monkeypatch.setattr(second_steps, "use_code", look)
    enter_password(client, alice)
    enter_code(client, "000000")
    assert len(looked_at) == most


def test_right_codes_use_up_no_attempts(
    alice: User, app: App, clock: Clock, settings: Settings
) -> None:
    settings.AXES_FAILURE_LIMIT = 1
    for _ in range(second_steps.most_wrong_codes() + 1):
        enter_password(client := Client(), alice)
        enter_code(client, app.code())
        assert is_in(client)
        clock.pass_by()


def test_without_the_password_nobody_can_use_up_the_attempts(
    client: Client, alice: User, app: App, settings: Settings
) -> None:
    settings.TRUSTED_PROXIES = 1
    for number in range(30):
        guesser = Client(headers={"X-Forwarded-For": f"203.0.113.{number}"})
        guesser.post(SIGN_IN, {"username": "alice", "password": "wrong"})
        enter_code(guesser, "000000")
    enter_password(client, alice)
    enter_code(client, app.code())
    assert is_in(client)


def test_a_wrong_code_is_in_the_trail_and_no_code_is_stored(
    client: Client, alice: User, app: App
) -> None:
    enter_password(client, alice)
    enter_code(client, "271828")
    entry = AuditEntry.objects.get(event="person.sign_in_failed")
    assert (entry.object_label, entry.operation) == ("alice", "people.second_step")
    assert entry.actor_kind == "client"  # nobody has proved to be Alice
    stored = [*AccessAttempt.objects.values(), *AuditEntry.objects.values()]
    assert "271828" not in str(stored)
