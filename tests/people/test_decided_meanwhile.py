"""What was decided of a person while a form of theirs was on its way stands.

Django stores a whole person for each change of one, as it was read before: half a second of work on
a password is enough for others to deactivate, demote or delete its person.
"""

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from syteops.adminkit.races import lock_row
from syteops.audit.models import AuditEntry
from syteops.core.locks import transaction_lock
from syteops.history.undo import all_undos
from syteops.people import admin, services, usernames
from tests.fixtures import signed_in
from tests.people.person_pages import GROUPS, NEW_PASSWORD, delete, save
from tests.threads import elsewhere, uncommitted

pytestmark = pytest.mark.django_db

OWN = {"old_password": "alice-password", "new_password1": NEW_PASSWORD}
OWN["new_password2"] = NEW_PASSWORD


@pytest.fixture
def while_hashing(monkeypatch: pytest.MonkeyPatch, alice: User) -> Any:
    """Has something happen to Alice while her new password is worked on."""

    def happen(**columns: bool) -> None:
        set_password = User.set_password

        def take_long(user: User, password: str) -> None:
            found = User.objects.filter(pk=alice.pk)
            found.update(**columns) if columns else found.delete()
            set_password(user, password)

        monkeypatch.setattr(User, "set_password", take_long)

    return happen


def test_whoever_changes_the_own_password_is_not_active_again(
    alice: User, page: Client, while_hashing: Any
) -> None:
    while_hashing(is_active=False, is_superuser=False, is_staff=False)

    page.post(reverse("admin:password_change"), OWN)

    alice.refresh_from_db()
    assert (alice.is_active, alice.is_superuser, alice.is_staff) == (False, False, False)


def test_whoever_was_deleted_does_not_come_back_with_a_new_password(
    alice: User, page: Client, while_hashing: Any
) -> None:
    while_hashing()

    assert page.post(reverse("admin:password_change"), OWN).status_code == 403

    # In one process there is only one transaction: here the deletion was undone with the change.
    assert not AuditEntry.objects.filter(event="person.password_changed").exists()


def test_a_form_that_says_nothing_of_what_it_saw_changes_only_what_it_names(
    page: Client, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    from syteops.people.admin import PersonAdmin

    get_object = PersonAdmin.get_object

    def get_and_be_late(*args: Any, **kwargs: Any) -> Any:
        found = get_object(*args, **kwargs)
        User.objects.filter(pk=bob.pk).update(email="theirs@example.com")
        return found

    monkeypatch.setattr(PersonAdmin, "get_object", get_and_be_late)

    assert save(page, bob, first_name="Robert").status_code == 302

    bob.refresh_from_db()
    assert (bob.first_name, bob.email) == ("Robert", "theirs@example.com")
    [entry] = AuditEntry.objects.filter(event="person.updated")
    assert list(entry.changes) == ["first_name"]


def test_whoever_was_given_more_than_the_helper_has_meanwhile_is_not_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another address would be a way in, to rights that the helper was never given."""
    helper = User.objects.create_user("helper", is_staff=True)
    rights = Permission.objects.filter(codename__in=["view_user", "change_user"])
    helper.user_permissions.set(rights)
    carl = User.objects.create_user("carl", "carl@example.com", is_staff=True)
    client = signed_in(helper)
    assert save(client, carl, email="c@example.com").status_code == 302

    def promoted(*args: Any) -> Any:
        User.objects.filter(pk=carl.pk).update(is_superuser=True)
        return lock_row(*args)

    monkeypatch.setattr(admin, "lock_row", promoted)
    assert save(client, carl, email="helper@example.com").status_code == 403

    assert User.objects.get(pk=carl.pk).email == "c@example.com"


@pytest.mark.combination
@pytest.mark.postgresql_only
@pytest.mark.django_db(transaction=True)
def test_two_superusers_cannot_demote_each_other_at_once(page: Client, alice: User) -> None:
    dora = User.objects.create_superuser("dora")
    demoted = {"is_superuser": False, "is_staff": "on", "is_active": "on"}

    def demote_alice() -> None:
        assert save(signed_in(dora), alice, **demoted).status_code == 302

    with elsewhere(uncommitted(demote_alice)), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '500ms'")
        page.raise_request_exception = False
        assert save(page, dora, **demoted).status_code == 503  # it waits for the other

    assert save(page, dora, **demoted).status_code != 302
    assert User.objects.filter(is_superuser=True).count() == 1


@pytest.mark.parametrize("name", ["people.usernames", "superusers"])
def test_no_row_is_locked_before_what_forms_lock_first(
    page: Client, bob: User, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Who undid a change had the row and waited for the lock; whose form it was, the other way."""
    rows: list[Any] = []
    taken: list[tuple[str, int]] = []

    def take(one: str) -> None:
        taken.append((one, len(rows)))
        transaction_lock(one)

    for module in (services, usernames):
        monkeypatch.setattr(module, "transaction_lock", take)

    def lock(model: Any, pk: Any) -> Any:
        rows.append(pk)
        return lock_row(model, pk)

    monkeypatch.setattr(admin, "lock_row", lock)
    assert delete(page, bob).status_code == 302
    assert (name, 0) in taken
    undo, group = all_undos()["person"], Group.objects.create(name="Editors")
    taken.clear()
    with transaction.atomic():
        undo.locked(str(User.objects.get().pk))
    assert name in dict(taken)
    taken.clear()
    rows.clear()
    assert page.post(f"{GROUPS}{group.pk}/delete/", {"post": "yes"}).status_code == 302
    assert (name, 0) in taken
