"""Changes of people, groups, keys and the API's switch are undone from their message.

Nobody reaches more by it than by hand.
"""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from manage_api.keys.models import ApiSwitch, ManageKey
from manage_api.keys.services import create_restricted_key
from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM, Actor, ActorKind, Channel
from syteops.core.errors import Forbidden
from syteops.people import queries, services
from tests.fixtures import Api, signed_in
from tests.history.test_undo_offers import UNDO, told_after
from tests.people.person_pages import GROUPS, PEOPLE, save
from tests.undoing import back_and_forth, by_service, latest, revert

pytestmark = pytest.mark.django_db
KEYS = "/admin/keys/managekey/"
EDITOR = "view_crmsystem"


def followed(client: Client, answer: Any) -> Any:
    assert answer.status_code == 302, answer.content
    return client.get(answer.headers["Location"])


def allowed(user: User, *codenames: str) -> Client:
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return signed_in(user)


def group_page(client: Client, group: Group, **values: Any) -> Any:
    sent = {"name": group.name, "permissions": [], **values}
    return client.post(f"{GROUPS}{group.pk}/change/", sent)


@pytest.fixture
def editors(bob: User) -> Group:
    """A group with a right, and Bob in it."""
    group = Group.objects.create(name="Editors")
    group.permissions.set(Permission.objects.filter(codename=EDITOR))
    group.user_set.add(bob)
    return group


def is_enabled() -> bool:
    return ApiSwitch.objects.get().enabled


# --- From the message ---


def test_a_deactivated_person_is_active_again(page: Client, charlie: User) -> None:
    where, text = told_after(followed(page, save(page, charlie, is_active=None)))
    charlie.refresh_from_db()
    assert (text, charlie.is_active) == ("Undo", False)
    page.post(where)
    charlie.refresh_from_db()
    assert charlie.is_active


def test_rights_of_a_person_are_as_they_were(page: Client, bob: User, editors: Group) -> None:
    before = queries.person_values(bob)
    sent: dict[str, Any] = {
        "groups": [],
        "user_permissions": [],
        "first_name": "Robert",
        "is_staff": None,
    }
    where, _ = told_after(followed(page, save(page, bob, **sent)))
    bob.refresh_from_db()
    assert queries.person_values(bob) != before
    page.post(where)
    assert queries.person_values(User.objects.get(pk=bob.pk)) == before


def test_a_deleted_group_comes_back_with_its_rights_and_its_people(
    page: Client, bob: User, editors: Group
) -> None:
    answer = page.post(f"{GROUPS}{editors.pk}/delete/", {"post": "yes"})
    where, _ = told_after(followed(page, answer))
    assert not bob.groups.exists()
    page.post(where)
    again = Group.objects.get(pk=editors.pk)
    assert [one.codename for one in again.permissions.all()] == [EDITOR]
    assert list(again.user_set.all()) == [bob]
    told = {"event": "person.updated", "object_id": str(bob.pk)}
    assert AuditEntry.objects.filter(**told).count() == 2


def test_the_api_is_enabled_again(page: Client, site_key: str) -> None:
    where, _ = told_after(page.post(f"{KEYS}api/disable/", follow=True))
    assert not is_enabled()
    page.post(where)
    assert is_enabled()


def test_a_paused_key_works_again_and_an_ended_one_does_not(page: Client, api: Api) -> None:
    key = create_restricted_key(SYSTEM, name="Bot", scopes=["crm:read"]).key
    where, _ = told_after(page.post(f"{KEYS}{key.public_id}/pause/", follow=True))
    page.post(where)
    assert ManageKey.objects.get(pk=key.pk).paused_at is None
    assert "cannot be undone" in page.get(f"{KEYS}{key.public_id}/revoke/").content.decode()
    ended = page.post(f"{KEYS}{key.public_id}/revoke/", follow=True).content.decode()
    assert "The key is revoked." in ended
    assert not UNDO.search(ended)
    refusal = revert(api, latest("key.revoked")).json()
    assert "never works again" in refusal["detail"]


def test_deleting_a_person_says_that_it_is_for_good(page: Client, bob: User) -> None:
    html = page.get(f"{PEOPLE}{bob.pk}/delete/").content.decode()
    assert "This cannot be undone" in html


# --- Back and forth ---


def changed(group: Group, **values: Any) -> Callable[[], None]:
    return lambda: services.put_back_group(SYSTEM, group, **values)


@pytest.mark.parametrize("what", ["name", "permissions"])
def test_a_group_is_changed_back_and_forth(editors: Group, what: str) -> None:
    new = {"name": "Writers", "permissions": ["crm.change_crmsystem"]}[what]

    def show() -> Any:
        return queries.group_values(Group.objects.get(pk=editors.pk))

    back_and_forth("group.updated", changed(editors, **{what: new}), show, by_service)


def test_a_group_is_deleted_and_restored_and_deleted(editors: Group, bob: User) -> None:
    def show() -> Any:
        found = Group.objects.filter(pk=editors.pk)
        return [(queries.group_values(one), queries.people_in(one)) for one in found]

    def delete() -> None:
        services.delete_group(SYSTEM, Group.objects.get(pk=editors.pk))

    back_and_forth("group.deleted", delete, show, by_service)


def test_a_group_whose_name_is_taken_stays_away(page: Client, editors: Group) -> None:
    services.delete_group(SYSTEM, editors)
    Group.objects.create(name="Editors")
    where = f"/admin/audit/auditentry/{latest('group.deleted').pk}/undo/"
    assert "cannot be put back" in page.post(where, follow=True).content.decode()
    assert Group.objects.count() == 1


def test_a_group_of_a_person_that_is_gone_is_named(page: Client, bob: User, editors: Group) -> None:
    save(page, bob, groups=[])
    services.delete_group(SYSTEM, editors)
    where = f"/admin/audit/auditentry/{latest('person.updated').pk}/undo/"
    assert "renamed since: Editors" in page.post(where, follow=True).content.decode()
    assert not bob.groups.exists()


# --- Who may ---


def test_the_only_superuser_stays_one(page: Client, alice: User) -> None:
    second = User.objects.create_user("second", is_staff=True)
    save(page, second, is_superuser="on")
    given = latest("person.updated")
    save(signed_in(second), alice, is_superuser=None)
    where = f"/admin/audit/auditentry/{given.pk}/undo/"
    second.refresh_from_db()
    answer = signed_in(second).post(where, follow=True).content.decode()
    assert "this is the only one" in answer
    second.refresh_from_db()
    assert second.is_superuser


HELPER = ("view_user", "change_user", "view_group", "view_auditentry", "change_auditentry")


@pytest.fixture
def helper(db: None) -> Client:
    user = User.objects.create_user("helper", password="x", is_staff=True)
    return allowed(user, *HELPER)


def test_a_helper_undoes_what_a_helper_may_do(helper: Client, charlie: User) -> None:
    where, _ = told_after(followed(helper, save(helper, charlie, is_active=None)))
    helper.post(where)
    charlie.refresh_from_db()
    assert charlie.is_active


def test_a_helper_undoes_nothing_of_who_may_do_more_by_now(helper: Client, charlie: User) -> None:
    where, _ = told_after(followed(helper, save(helper, charlie, email="new@example.com")))
    charlie.user_permissions.add(Permission.objects.get(codename=EDITOR))
    assert helper.post(where).status_code == 403
    charlie.refresh_from_db()
    assert charlie.email == "new@example.com"


def test_a_helper_gives_no_rights_by_undoing(page: Client, helper: Client, editors: Group) -> None:
    me = User.objects.get(username="helper")
    me.groups.add(editors)
    save(page, me, groups=[])
    taken = latest("person.updated")
    group_page(page, editors, name="Writers")
    for entry in (taken, latest("group.updated")):
        assert helper.post(f"/admin/audit/auditentry/{entry.pk}/undo/").status_code == 403
    assert not me.groups.exists()
    assert Group.objects.get().name == "Writers"


def test_the_services_ask_for_the_rights_again(helper: Client, alice: User, charlie: User) -> None:
    """Whoever had them when the page was opened may have lost them since."""
    me = User.objects.get(username="helper")
    actor = Actor(ActorKind.PERSON, str(me.pk), "helper", Channel.ADMIN)
    group = Group.objects.create(name="Editors")
    acts: list[Callable[[], None]] = [
        lambda: services.put_back_person(actor, alice, email="mine@example.com"),
        lambda: services.put_back_person(actor, charlie, is_superuser=True),
        lambda: services.put_back_group(actor, group, permissions=["crm.view_crmsystem"]),
        lambda: services.restore_group(actor, Group(pk=99, name="Others"), member_ids=[me.pk]),
    ]
    for act in acts:
        with pytest.raises(Forbidden):
            act()
    services.put_back_person(actor, charlie, email="new@example.com")
    me.user_permissions.clear()
    with pytest.raises(Forbidden):
        services.put_back_person(actor, charlie, email="newer@example.com")


def test_nobody_opens_the_api_for_keys_beyond_him(bob: User, site_key: str) -> None:
    client = allowed(bob, "manage_api_keys", "view_auditentry", "change_auditentry")
    answer = client.post(f"{KEYS}api/disable/", follow=True).content.decode()
    assert "The API is disabled" in answer
    assert not UNDO.search(answer)
    where = f"/admin/audit/auditentry/{latest('api.disabled').pk}/undo/"
    assert client.post(where).status_code == 403
    assert not is_enabled()


def test_the_password_is_asked_as_for_doing_it(page: Client, charlie: User, settings: Any) -> None:
    where, _ = told_after(followed(page, save(page, charlie, is_active=None)))
    settings.CONFIRM_PASSWORD_MINUTES = 0
    assert "Your password" in page.get(where).content.decode()
    page.post(where)
    charlie.refresh_from_db()
    assert not charlie.is_active
    page.post(where, {"password": "alice-password"})
    charlie.refresh_from_db()
    assert charlie.is_active


def test_the_api_of_tools_undoes_none_of_it(page: Client, api: Api, charlie: User) -> None:
    save(page, charlie, is_active=None)
    answer = revert(api, latest("person.updated"))
    assert (answer.status_code, answer.json()["code"]) == (409, "protected")
    charlie.refresh_from_db()
    assert not charlie.is_active
