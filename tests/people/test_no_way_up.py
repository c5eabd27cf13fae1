"""Nobody reaches more than they have, nor leaves the site without a superuser, by any form."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from syteops.audit.models import AuditEntry
from tests.fixtures import signed_in
from tests.people.person_pages import (
    GROUPS,
    PASSWORD_FORM,
    PEOPLE,
    RIGHTS,
    delete,
    delete_selected,
    save,
    set_password,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def helper(db: None) -> Client:
    """Staff who may do everything with people and groups, and is no superuser."""
    user = User.objects.create_user("helper", password="helper-password", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="auth"))
    return signed_in(user)


def reached(client: Client, user: User) -> list[int]:
    """The answers to each way of getting hold of a person."""
    return [
        set_password(client, user).status_code,
        save(client, user, email="mine@example.com", is_active="on").status_code,
        delete(client, user).status_code,
        delete_selected(client, user).status_code,
    ]


def stored(user: User) -> Any:
    return User.objects.filter(pk=user.pk).values().first()


def deletions() -> int:
    return AuditEntry.objects.filter(event="person.deleted").count()


# --- Who may do more -----------------------------------------------------------------------


@pytest.mark.parametrize("is_active", [True, False])
@pytest.mark.parametrize("is_staff", [True, False])
@pytest.mark.parametrize("above", ["superuser", "own rights", "rights of a group"])
def test_whoever_may_do_more_is_out_of_reach_active_or_not(
    helper: Client, above: str, is_staff: bool, is_active: bool
) -> None:
    """Django says that the inactive have no rights; with a new password and a tick they have."""
    more = Permission.objects.get(codename="view_crmsystem")
    person = User.objects.create_user("above", is_staff=is_staff, is_active=is_active)
    if above == "superuser":
        User.objects.filter(pk=person.pk).update(is_superuser=True)
    elif above == "own rights":
        person.user_permissions.add(more)
    else:
        group = Group.objects.create(name="Editors")
        group.permissions.add(more)
        person.groups.add(group)
    before = stored(person)

    assert reached(helper, person) == [403, 403, 403, 403]

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
    assert delete_selected(helper, charlie, bob).status_code == 403

    assert stored(charlie)
    assert stored(bob)
    assert deletions() == 0


def test_helpers_give_a_new_person_no_rights(helper: Client) -> None:
    rights = {"is_staff": "on", "is_superuser": "on"}

    helper.post(f"{PEOPLE}add/", {"username": "dora", **PASSWORD_FORM, **rights})

    made = User.objects.get(username="dora")
    assert (made.is_staff, made.is_superuser) == (False, False)


def test_helpers_change_names_but_give_no_rights(helper: Client, charlie: User) -> None:
    group = Group.objects.create(name="Editors")
    every = list(Permission.objects.values_list("pk", flat=True))
    rights = {"is_staff": "on", "is_superuser": "on", "groups": [group.pk]}
    save(helper, charlie, first_name="Charles", user_permissions=every, **rights)
    charlie.refresh_from_db()
    assert charlie.first_name == "Charles"
    assert not charlie.is_staff
    assert not charlie.is_superuser
    assert not charlie.groups.exists()
    assert not charlie.user_permissions.exists()


def test_helpers_do_not_raise_themselves(helper: Client) -> None:
    me = User.objects.get(username="helper")
    save(helper, me, is_superuser="on")
    me.refresh_from_db()
    assert not me.is_superuser


def test_helpers_change_no_groups(helper: Client) -> None:
    group = Group.objects.create(name="Editors")
    every = list(Permission.objects.values_list("pk", flat=True))
    sent = [
        helper.post(f"{GROUPS}add/", {"name": "Mine", "permissions": every}),
        helper.post(f"{GROUPS}{group.pk}/change/", {"name": "Mine", "permissions": every}),
        helper.post(f"{GROUPS}{group.pk}/delete/", {"post": "yes"}),
    ]
    assert [one.status_code for one in sent] == [403, 403, 403]
    assert list(Group.objects.values_list("name", flat=True)) == ["Editors"]


def test_bob_sees_no_people(bob: User) -> None:
    client = signed_in(bob)
    for address in (PEOPLE, GROUPS, f"{PEOPLE}{bob.pk}/change/"):
        assert client.get(address).status_code == 403


# --- The last superuser --------------------------------------------------------------------


@pytest.mark.parametrize("taken", RIGHTS)
def test_the_only_superuser_stays_one(page: Client, alice: User, taken: str) -> None:
    response = save(page, alice, **{taken: None})
    assert b"this is the only one" in response.content
    alice.refresh_from_db()
    assert alice.is_superuser
    assert alice.is_active
    assert alice.is_staff
    assert delete(page, alice).status_code == 403
    delete_selected(page, alice)
    assert User.objects.filter(pk=alice.pk).exists()


def test_with_another_one_they_may_step_down(page: Client, alice: User) -> None:
    User.objects.create_superuser("second")
    assert save(page, alice, is_superuser=None).status_code == 302
    alice.refresh_from_db()
    assert not alice.is_superuser


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

    delete_selected(page, alice, second)

    kept = User.objects.filter(is_superuser=True, is_active=True, is_staff=True).count()
    assert kept >= 1
    assert deletions() == 2 - kept


def test_a_superuser_who_does_not_work_any_more_may_be_deleted(page: Client) -> None:
    gone = User.objects.create_superuser("gone", is_active=False)

    assert delete(page, gone).status_code == 302

    assert stored(gone) is None
