"""Guessing passwords is stopped, also where the client's address is unknown."""

from datetime import timedelta

import pytest
from axes.models import AccessAttempt, AccessLog
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.utils import timezone
from pytest_django import Settings

from syteops.people import lockout
from syteops.people.confirmation import check_password
from tests.isolation import forget_calls

pytestmark = pytest.mark.django_db

A_DAY = 24 * 60 * 60
PASSWORD = "correct horse battery staple"


@pytest.fixture(autouse=True)
def _admin() -> None:
    User.objects.create_superuser("admin", password=PASSWORD)


def sign_in(client: Client, password: str, **headers: str) -> int:
    fields = {"username": "admin", "password": password}
    return client.post("/admin/login/", fields, headers=headers).status_code


def guess(client: Client, times: int, **headers: str) -> None:
    for number in range(times):
        sign_in(client, f"guess {number}", **headers)


def test_the_right_password_signs_in(client: Client) -> None:
    guess(client, 4)
    assert sign_in(client, PASSWORD) == 302


def test_after_five_failures_even_the_right_password_is_refused(client: Client) -> None:
    guess(client, 5)
    assert sign_in(client, PASSWORD) == 429
    forget_calls()  # a minute later
    assert sign_in(client, PASSWORD) == 429


def test_others_are_not_locked_out_with_the_guesser(client: Client, settings: Settings) -> None:
    settings.TRUSTED_PROXIES = 1
    guess(client, 5, **{"X-Forwarded-For": "203.0.113.66"})
    assert sign_in(client, PASSWORD, **{"X-Forwarded-For": "203.0.113.1"}) == 302


def test_a_forged_address_does_not_start_a_new_count(client: Client, settings: Settings) -> None:
    settings.TRUSTED_PROXIES = 1
    for number in range(5):
        guess(client, 1, **{"X-Forwarded-For": f"10.0.0.{number}, 203.0.113.66"})
    forget_calls()  # a minute later
    assert sign_in(client, PASSWORD, **{"X-Forwarded-For": "10.9.9.9, 203.0.113.66"}) == 429


def test_unknown_addresses_share_one_count(client: Client, settings: Settings) -> None:
    settings.TRUSTED_PROXIES = 1
    guess(client, 5)
    assert sign_in(client, PASSWORD) == 429


def test_a_guesser_has_one_count_for_all_addresses_of_an_ipv6_network(
    client: Client, settings: Settings
) -> None:
    settings.TRUSTED_PROXIES = 1
    for number in range(5):
        guess(client, 1, **{"X-Forwarded-For": f"2001:db8:0:7::{number + 1}"})
    assert sign_in(client, PASSWORD, **{"X-Forwarded-For": "2001:db8:0:7::99"}) == 429
    assert sign_in(client, PASSWORD, **{"X-Forwarded-For": "2001:db8:0:8::99"}) == 302


def test_two_proxies_are_counted_through(client: Client, settings: Settings) -> None:
    settings.TRUSTED_PROXIES = 2
    for number in range(5):
        guess(client, 1, **{"X-Forwarded-For": f"10.0.0.{number}, 203.0.113.66, 10.0.0.1"})
    assert sign_in(client, PASSWORD, **{"X-Forwarded-For": "203.0.113.66, 10.0.0.1"}) == 429
    assert sign_in(client, PASSWORD, **{"X-Forwarded-For": "203.0.113.67, 10.0.0.1"}) == 302


def test_guessing_the_old_password_of_a_session_is_stopped_too(client: Client) -> None:
    client.force_login(User.objects.get())
    new = {"new_password1": "another horse battery", "new_password2": "another horse battery"}
    for number in range(5):
        client.post("/admin/password_change/", {"old_password": f"guess {number}", **new})

    client.post("/admin/password_change/", {"old_password": PASSWORD, **new})

    assert User.objects.get().check_password(PASSWORD)


# --- Under all names together ---


def test_an_address_that_tries_without_end_is_not_looked_at(
    client: Client, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    """Each try takes a good part of a second of a processor, and leaves a row."""
    settings.TRUSTED_PROXIES = 1
    here, elsewhere = {"X-Forwarded-For": "203.0.113.66"}, {"X-Forwarded-For": "203.0.113.7"}
    monkeypatch.setattr(lockout, "_WINDOW", A_DAY)  # or the minute may end meanwhile
    monkeypatch.setattr(lockout, "MOST_A_MINUTE", 3)
    for number in range(3):
        client.post("/admin/login/", {"username": f"n{number}", "password": "x"}, headers=here)
    rows = AccessAttempt.objects.count()

    with monkeypatch.context() as patch:
        patch.setattr(ModelBackend, "authenticate", untouchable)
        answer = client.post("/admin/login/", {"username": "x", "password": "x"}, headers=here)

    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= A_DAY
    assert b"try again" in answer.content
    assert AccessAttempt.objects.count() == rows
    assert sign_in(client, PASSWORD, **elsewhere) == 302


def test_passkeys_that_strangers_ask_for_fill_no_table(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each one asked for is kept in a session until it is answered."""
    monkeypatch.setattr(lockout, "_WINDOW", A_DAY)
    for _ in range(lockout.MOST_A_MINUTE):
        assert Client().post("/admin/login/passkey/").status_code == 200

    assert Client().post("/admin/login/passkey/").status_code == 429
    assert Session.objects.count() == lockout.MOST_A_MINUTE


def untouchable(*args: object, **kwargs: object) -> None:
    raise AssertionError


@pytest.mark.combination
@pytest.mark.parametrize("length", [151, 256, 900_000])
def test_a_name_that_nobody_can_have_is_refused_and_looked_for_nowhere(
    client: Client, length: int
) -> None:
    answer = client.post("/admin/login/", {"username": "a" * length, "password": PASSWORD})

    assert answer.status_code == 200
    assert answer.context["form"].errors.keys() == {"username"}
    assert not AccessAttempt.objects.exists()


def test_passwords_that_come_at_once_are_no_more_than_may_fail(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is looked at before any other has failed, as by many processes."""
    looked_at: list[str] = []

    def look(self: ModelBackend, request: HttpRequest, **credentials: str) -> User | None:
        looked_at.append(credentials["password"])
        if len(looked_at) < 20:
            sign_in(Client(), f"guess {len(looked_at)}")
        return None

    monkeypatch.setattr(ModelBackend, "authenticate", look)
    assert sign_in(client, "guess 0") == 429
    assert looked_at == [f"guess {number}" for number in range(5)]


# --- What is kept of it ---


def test_no_password_stays_in_the_database(client: Client, settings: Settings) -> None:
    """Not only who signs in fails: whoever gives somebody a password is asked for his own."""
    settings.CONFIRM_PASSWORD_MINUTES = 0
    new = {"password1": "canary", "password2": "canary", "own_password": "canary"}
    client.post("/admin/login/?x=canary", {"username": "canary", "password": "canary"})
    client.post("/admin/login/", {"username": "admin", "password": "canary", "next": "canary"})
    client.force_login(User.objects.get())
    client.post("/admin/auth/user/add/", {"username": "ada", "usable_password": "true", **new})
    changed = {"old_password": "canary", "new_password1": "canary", "new_password2": "canary"}
    client.post("/admin/password_change/", changed)

    rows = AccessAttempt.objects.order_by("pk")
    assert [one.failures_since_start for one in rows] == [1, 3]
    assert "canary" not in str([vars(one) for one in rows])
    assert rows[1].username == "admin"


def test_no_log_of_who_signed_in_is_kept_beside_the_trail(client: Client) -> None:
    """Else the name of whoever is deleted would stay there."""
    assert sign_in(client, PASSWORD) == 302
    client.post("/admin/logout/")
    assert not AccessLog.objects.exists()
    AccessLog.objects.create(username="admin")  # by a former version
    lockout.forget_old_sign_ins()
    assert not AccessLog.objects.exists()


def test_what_is_no_name_is_locked_out_all_the_same(client: Client) -> None:
    """Else an answer would tell who is there."""
    form = {"username": "nobody", "password": "guess"}
    answers = [client.post("/admin/login/", form).status_code for _ in range(6)]
    assert answers == [*[200] * 4, 429, 429]


def test_failures_are_kept_no_longer_than_they_lock(client: Client) -> None:
    guess(client, 1)
    lockout.forget_old_sign_ins()
    assert AccessAttempt.objects.count() == 1
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(hours=2))
    lockout.forget_old_sign_ins()
    assert not AccessAttempt.objects.exists()


def test_who_signs_in_and_out_all_day_is_not_locked_out(client: Client) -> None:
    for _ in range(3):
        guess(client, 3)
        assert sign_in(client, PASSWORD) == 302
        client.post("/admin/logout/")


def test_the_right_password_is_asked_however_often(rf: RequestFactory) -> None:
    request = rf.post("/admin/")
    request.user = User.objects.get()
    for _ in range(7):
        check_password(request, PASSWORD)
