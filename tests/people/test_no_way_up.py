"""Nobody reaches more than they have, nor leaves the site without a superuser, by any form."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from syteops.audit.models import AuditEntry

pytestmark = pytest.mark.django_db

PEOPLE = "/admin/auth/user/"
WORDS = {"password1": "canary horse battery", "password2": "canary horse battery"}
RIGHTS = ("is_active", "is_staff", "is_superuser")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def page(alice: User) -> Client:
    return signed_in(alice)


@pytest.fixture
def helper(db: None) -> Client:
    """Staff who may do everything with people, and is no superuser."""
    user = User.objects.create_user("helper", password="helper-password", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="auth"))
    return signed_in(user)


def save(client: Client, user: User, **changed: Any) -> Any:
    """The person's form, as it is but for what is `changed`; None leaves a field out."""
    values = {
        "username": user.username,
        "email": user.email,
        **{name: getattr(user, name) and "on" for name in RIGHTS},
        **changed,
    }
    sent = {name: value for name, value in values.items() if value not in (None, False)}
    return client.post(f"{PEOPLE}{user.pk}/change/", sent)


def delete(client: Client, *people: User) -> Any:
    if len(people) == 1:
        return client.post(f"{PEOPLE}{people[0].pk}/delete/", {"post": "yes"})
    chosen = [one.pk for one in people]
    data = {"action": "delete_selected", "_selected_action": chosen, "post": "yes"}
    return client.post(PEOPLE, data)


def reached(client: Client, user: User) -> list[int]:
    """The answers to each way of getting hold of a person."""
    password = {**WORDS, "usable_password": "true"}
    return [
        client.post(f"{PEOPLE}{user.pk}/password/", password).status_code,
        save(client, user, email="mine@example.com", is_active="on").status_code,
        delete(client, user).status_code,
    ]


def stored(user: User) -> Any:
    return User.objects.filter(pk=user.pk).values().first()


def deletions() -> int:
    return AuditEntry.objects.filter(event="person.deleted").count()


# --- Who may do more -----------------------------------------------------------------------


@pytest.mark.parametrize("is_active", [True, False])
@pytest.mark.parametrize("above", ["superuser", "own rights", "rights of a group"])
def test_whoever_may_do_more_is_out_of_reach_active_or_not(
    helper: Client, above: str, is_active: bool
) -> None:
    """Django says that the inactive have no rights; with a new password and a tick they have."""
    more = Permission.objects.get(codename="view_crmsystem")
    person = User.objects.create_user("above", is_active=is_active)
    if above == "superuser":
        User.objects.filter(pk=person.pk).update(is_superuser=True)
    elif above == "own rights":
        person.user_permissions.add(more)
    else:
        group = Group.objects.create(name="Editors")
        group.permissions.add(more)
        person.groups.add(group)
    before = stored(person)

    assert reached(helper, person) == [403, 403, 403]

    assert stored(person) == before


@pytest.mark.parametrize("is_active", [True, False])
def test_whoever_may_do_no_more_is_a_helper_s_business(helper: Client, is_active: bool) -> None:
    person = User.objects.create_user("below", is_active=is_active)
    person.user_permissions.add(Permission.objects.get(codename="view_user"))

    assert save(helper, person, email="new@example.com").status_code == 302
    assert stored(person)["email"] == "new@example.com"
    assert delete(helper, person).status_code == 302
    assert stored(person) is None


def test_one_forbidden_person_among_many_keeps_all_of_them(
    helper: Client, bob: User, charlie: User
) -> None:
    assert delete(helper, charlie, bob).status_code == 403

    assert stored(charlie)
    assert stored(bob)
    assert deletions() == 0


def test_helpers_give_a_new_person_no_rights(helper: Client) -> None:
    rights = {"is_staff": "on", "is_superuser": "on"}

    helper.post(f"{PEOPLE}add/", {"username": "dora", "usable_password": "true", **WORDS, **rights})

    made = User.objects.get(username="dora")
    assert (made.is_staff, made.is_superuser) == (False, False)


# --- The last superuser --------------------------------------------------------------------


@pytest.mark.parametrize("lacking", ["is_active", "is_staff"])
def test_a_second_superuser_who_cannot_use_the_admin_does_not_count(
    page: Client, alice: User, lacking: str
) -> None:
    second = User.objects.create_superuser("second")
    User.objects.filter(pk=second.pk).update(**{lacking: False})
    before = stored(alice)

    for taken in RIGHTS:
        assert b"this is the only one" in save(page, alice, **{taken: None}).content
    assert delete(page, alice).status_code == 403

    assert stored(alice) == before


def test_all_superusers_are_not_deleted_at_once(page: Client, alice: User) -> None:
    """Looked at one by one, neither of two is the only one."""
    second = User.objects.create_superuser("second")

    delete(page, alice, second)

    kept = User.objects.filter(is_superuser=True, is_active=True, is_staff=True).count()
    assert kept >= 1
    assert deletions() == 2 - kept


def test_a_superuser_who_does_not_work_any_more_may_be_deleted(page: Client) -> None:
    gone = User.objects.create_superuser("gone", is_active=False)

    assert delete(page, gone).status_code == 302

    assert stored(gone) is None
