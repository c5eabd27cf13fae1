"""A second factor that is lost is removed by somebody who may; its secret follows the keys."""

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from syteops.core.actors import SYSTEM
from syteops.people.factors import add_totp, factors_of, has_factor, recovery_codes_left
from syteops.server.encryption_rotation import rotate_given
from tests.fixtures import signed_in
from tests.people.authenticator_app import (
    OWN,
    SIGN_IN,
    App,
    Clock,
    after_a_while,
    clock,
    enter_code,
    enter_password,
    is_in,
    set_up,
    trail,
)
from tests.people.person_pages import NEW_PASSWORD, PEOPLE, set_password

pytestmark = pytest.mark.django_db

__all__ = ["clock"]


@pytest.fixture
def helper(db: None) -> User:
    """Staff who may change people, and is no superuser."""
    user = User.objects.create_user("helper", password="helper-password", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=("view_user", "change_user")))
    return user


def remove(client: Client, user: User) -> Any:
    return client.post(f"{PEOPLE}{user.pk}/remove-second-factor/")


def test_a_superuser_removes_it_after_being_told_what_that_does(
    page: Client, bob: User, clock: Clock
) -> None:
    of_bob = signed_in(bob)
    set_up(of_bob, clock)
    address = f"{PEOPLE}{bob.pk}/remove-second-factor/"
    assert address in page.get(f"{PEOPLE}{bob.pk}/change/").content.decode()
    asked = page.get(address).content.decode()
    assert "bob is signed out everywhere and signs in with the password alone" in asked
    assert has_factor(bob)
    remove(page, bob)
    assert not Authenticator.objects.exists()
    assert trail()[-1] == ("person.second_factor_removed", "alice", "bob")
    assert of_bob.get("/admin/").status_code == 302
    enter_password(client := Client(), bob)
    assert is_in(client)


def test_an_old_sign_in_removes_nobody_s_without_the_password(
    page: Client, bob: User, clock: Clock
) -> None:
    set_up(signed_in(bob), clock)
    address = f"{PEOPLE}{bob.pk}/remove-second-factor/"
    after_a_while(page)
    for password in ("", "wrong"):
        page.post(address, {"own_password": password})
        assert has_factor(bob)
    page.post(address, {"own_password": "alice-password"})
    assert not has_factor(bob)


def test_who_has_none_has_no_button(page: Client, bob: User) -> None:
    text = page.get(f"{PEOPLE}{bob.pk}/change/").content.decode()
    assert "remove-second-factor" not in text
    assert remove(page, bob).status_code == 403


def test_one_s_own_takes_the_password(page: Client, alice: User, clock: Clock) -> None:
    set_up(page, clock)
    assert remove(page, alice).status_code == 403
    assert has_factor(alice)


def test_who_may_change_people_removes_it_of_those_who_may_do_no_more(
    helper: User, alice: User, bob: User, charlie: User, clock: Clock
) -> None:
    client = signed_in(helper)
    for one, may in ((User.objects.create_superuser("dora"), False), (bob, False), (charlie, True)):
        set_up_directly(one, clock)
        asked = client.get(f"{PEOPLE}{one.pk}/remove-second-factor/").content.decode()
        assert ("is signed out everywhere" in asked) is may
        assert (remove(client, one).status_code == 302) is may
        assert has_factor(one) is not may


@pytest.mark.parametrize("who", ["bob", "charlie"])
def test_others_remove_nobody_s(
    request: pytest.FixtureRequest, alice: User, who: str, clock: Clock
) -> None:
    set_up_directly(alice, clock)
    client = signed_in(request.getfixturevalue(who))
    assert remove(client, alice).status_code in (302, 403)
    assert has_factor(alice)


def test_another_password_leaves_it(page: Client, bob: User, clock: Clock) -> None:
    set_up(signed_in(bob), clock)
    set_password(page, bob)
    client = Client()
    client.post(SIGN_IN, {"username": "bob", "password": NEW_PASSWORD})
    assert not is_in(client)


def set_up_directly(user: User, clock: Clock) -> None:
    app = App("JBSWY3DPEHPK3PXP", [], clock)
    add_totp(SYSTEM, user, app.secret, app.code(), "")


def test_a_command_lets_in_who_is_locked_out(
    alice: User, bob: User, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    browser = signed_in(alice)
    set_up(browser, clock)
    set_up(signed_in(bob), clock)
    call_command("remove_second_factor", "alice")
    assert [has_factor(one) for one in (alice, bob)] == [False, True]
    assert browser.get("/admin/").status_code == 302
    assert "alice signs in with the password alone" in capsys.readouterr().out
    assert trail()[-1] == (
        "person.second_factor_removed",
        "manage.py remove_second_factor",
        "alice",
    )


@pytest.mark.parametrize("name", ["alice", "nobody"])
def test_the_command_says_where_there_is_nothing_to_remove(alice: User, name: str) -> None:
    with pytest.raises(CommandError):
        call_command("remove_second_factor", name)


# --- Encryption keys -----------------------------------------------------------------------


@pytest.mark.combination
def test_a_rotation_covers_secret_and_recovery_codes(
    alice: User, clock: Clock, settings: Settings
) -> None:
    settings.FIELD_ENCRYPTION_KEY_FILE, settings.FIELD_ENCRYPTION_KEYS = None, ["a" * 40]
    app = set_up(signed_in(alice), clock)
    before = {one.type: one.data for one in Authenticator.objects.all()}

    settings.FIELD_ENCRYPTION_KEYS = ["b" * 40, "a" * 40]
    rotation = rotate_given(SYSTEM, settings.FIELD_ENCRYPTION_KEYS)
    assert not rotation.unreadable
    settings.FIELD_ENCRYPTION_KEYS = ["b" * 40]

    for one in Authenticator.objects.all():
        kept = {name: value for name, value in one.data.items() if len(str(value)) < 40}
        assert kept.items() <= before[one.type].items()
        assert one.data != before[one.type]
    assert recovery_codes_left(alice) == 10
    enter_password(client := Client(), alice)
    enter_code(client, app.code())
    assert is_in(client)
    assert factors_of(alice).get().last_used_at


def test_what_no_key_opens_is_named_and_left(alice: User, clock: Clock, settings: Settings) -> None:
    settings.FIELD_ENCRYPTION_KEY_FILE, settings.FIELD_ENCRYPTION_KEYS = None, ["a" * 40]
    set_up(signed_in(alice), clock)
    settings.FIELD_ENCRYPTION_KEYS = ["b" * 40]
    rotation = rotate_given(SYSTEM, settings.FIELD_ENCRYPTION_KEYS)
    assert len([one for one in rotation.unreadable if "mfa.Authenticator" in one]) == 2


def test_what_cannot_be_read_lets_nobody_in_and_says_so(alice: User, clock: Clock) -> None:
    """It was an error of ours at the second step, for whoever had recovery codes as well."""
    app = set_up(browser := signed_in(alice), clock)
    clock.pass_by()
    factor = factors_of(alice).get()
    factor.data["secret"] = "bm90IHNlYWxlZA=="
    factor.save()
    enter_password(client := Client(), alice)
    told = enter_code(client, app.code()).content.decode()
    assert "ask somebody who manages people to remove your second factor" in told
    assert not is_in(client)
    assert "Unreadable" in browser.get(OWN).content.decode()

    enter_code(client, app.recovery[0])
    assert is_in(client)
    codes = Authenticator.objects.get(type=Authenticator.Type.RECOVERY_CODES)
    codes.data["seed"] = "bm90IHNlYWxlZA=="
    codes.save()
    enter_password(other := Client(), alice)
    assert "cannot be read any more" in enter_code(other, app.recovery[1]).content.decode()
    assert "0 recovery codes left" in browser.get(OWN).content.decode()
