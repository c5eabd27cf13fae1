"""Rights are chosen in words, from what SyteOps and its modules have; nothing internal is lost."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.utils.html import strip_tags

from manage_api.keys.models import ManageKey
from manage_api.operations import all_operations, all_scopes
from syteops.audit.models import AuditEntry
from syteops.people import rights
from syteops.people.queries import permission_names, stored_permissions
from tests.fixtures import signed_in
from tests.keys.key_pages import HOME
from tests.people.person_pages import GROUPS, PEOPLE, save

pytestmark = pytest.mark.django_db
INTERNAL = "sessions.view_session"


def row(name: str) -> Permission:
    app, _, codename = name.partition(".")
    return Permission.objects.get(content_type__app_label=app, codename=codename)


def save_group(page: Client, group: Group, **values: Any) -> Any:
    return page.post(f"{GROUPS}{group.pk}/change/", {"name": group.name, **values})


@pytest.fixture
def group(db: None) -> Group:
    made = Group.objects.create(name="Writers")
    made.permissions.set([row(INTERNAL), row("notes.view_note")])
    return made


# --- What is offered -----------------------------------------------------------------------


def test_whatever_an_operation_takes_can_be_given() -> None:
    further = {one for op in all_operations() for one in op.viewset.further_permissions.values()}
    needed = {op.permission for op in all_operations()} | further
    assert len(needed) > 30
    assert needed - set(rights.all_rights()) == set()


def test_whatever_is_offered_is_a_permission_and_has_words_of_its_own() -> None:
    offered = rights.all_rights().values()
    assert {one.permission for one in offered} <= {*permission_names(Permission.objects.all())}
    assert len({(one.model, one.words) for one in offered}) == len(offered)


def test_nothing_internal_is_offered(page: Client) -> None:
    """Half of what Django has: its own tables, and those of the libraries."""
    hidden = {*permission_names(Permission.objects.all())} - set(rights.all_rights())
    apps = {name.partition(".")[0] for name in hidden}
    libraries = {"account", "axes", "django_tasks_database", "mfa"}
    assert apps == {"admin", "auth", "contenttypes", "sessions", *libraries}
    assert {one for one in hidden if one.startswith("auth.")} == {
        f"auth.{verb}_{model}"
        for model in ("permission", "group")
        for verb in ("add", "change", "delete", "view")
    } - {"auth.view_group"}
    shown = page.get(f"{GROUPS}add/").content.decode()
    assert "Team members (users): see" in shown.replace("See", "see")
    for name in hidden:
        assert f'name="permissions" value="{row(name).pk}"' not in shown


def test_nobody_is_offered_what_he_does_not_hold(bob: User, alice: User) -> None:
    held = {"crm.view_crmsystem", "crm.change_crmsystem"}
    assert {one.permission for one in rights.givable_by(bob)} == held
    assert {one.permission for one in rights.givable_by(alice)} == set(rights.all_rights())
    field = rights.RightsField(bob)
    chosen = field.clean([str(row("crm.view_crmsystem").pk)])
    assert permission_names(chosen) == ["crm.view_crmsystem"]
    with pytest.raises(Exception, match="not one of the available choices"):
        field.clean([str(row("crm.delete_crmsystem").pk)])


# --- What is stored ------------------------------------------------------------------------


def test_what_is_internal_stays_with_a_group_and_a_person(page: Client, group: Group) -> None:
    save_group(page, group, permissions=[row("roles.view_role").pk])
    assert permission_names(group.permissions.all()) == ["roles.view_role", INTERNAL]

    person = User.objects.create_user("dora")
    person.user_permissions.set([row(INTERNAL), row("notes.view_note")])
    save(page, person, user_permissions=[row("roles.view_role").pk])
    assert stored_permissions(person) == {"roles.view_role", INTERNAL}
    changes = [one.changes["permissions"] for one in AuditEntry.objects.order_by("id")]
    assert (
        changes
        == [{"before": ["notes.view_note", INTERNAL], "after": ["roles.view_role", INTERNAL]}] * 2
    )


def test_what_is_internal_is_not_given_by_a_forged_form(page: Client, group: Group) -> None:
    forged = row("sessions.delete_session").pk
    answer = save_group(page, group, permissions=[row("roles.view_role").pk, forged])
    assert answer.status_code == 200
    assert "not one of the available choices" in answer.content.decode()
    assert permission_names(group.permissions.all()) == ["notes.view_note", INTERNAL]


@pytest.mark.parametrize("junk", ["x", "\x00", "-1", "9" * 18, "9" * 30, "x" * 99, "²"])
def test_junk_gives_nothing(page: Client, group: Group, bob: User, junk: str) -> None:
    before = stored_permissions(bob)
    assert save_group(page, group, permissions=[junk]).status_code == 200
    assert save(page, bob, user_permissions=[junk]).status_code == 200
    assert save(page, bob, groups=[junk]).status_code == 200
    assert permission_names(group.permissions.all()) == ["notes.view_note", INTERNAL]
    assert stored_permissions(bob) == before
    assert not bob.groups.exists()


def test_saving_as_it_is_records_nothing(page: Client, group: Group) -> None:
    assert save_group(page, group, permissions=[row("notes.view_note").pk]).status_code == 302
    assert not AuditEntry.objects.exists()


def test_select_all_read_needs_no_script(page: Client, group: Group) -> None:
    sent = {"permissions": [row("roles.add_role").pk], "permissions_all_read": "on"}
    save_group(page, group, **sent)
    given = {*permission_names(group.permissions.all())}
    reads = {one.permission for one in rights.all_rights().values() if one.verb == "view"}
    assert len(reads) > 15
    assert given == {*reads, "roles.add_role", INTERNAL}


# --- What is shown -------------------------------------------------------------------------


def test_whoever_gives_no_rights_reads_them_in_words(group: Group, bob: User) -> None:
    group.permissions.add(row("crm.set_secrets_crmsystem"), row("audit.change_auditentry"))
    bob.user_permissions.add(row("auth.view_group"), row("auth.view_user"))
    client = signed_in(bob)
    shown = client.get(f"{GROUPS}{group.pk}/change/").content.decode()
    for words in ("CRM systems (crm): set secrets", "Notes (notes_items): see", "Undo changes"):
        assert words in shown
    assert "session" not in shown.split("Rights")[1].split("</main>")[0]
    shown = client.get(f"{PEOPLE}{bob.pk}/change/").content.decode()
    assert "CRM systems (crm): see, change" in shown
    assert 'type="checkbox" name="user_permissions"' not in shown


def test_the_list_of_groups_tells_how_many_are_in_each_and_what_they_may_do(
    page: Client, bob: User
) -> None:
    group = Group.objects.create(name="Helpers")
    bob.groups.add(group)
    given = ("roles.add_role", "notes.view_note", "estimates.view_estimate", "crm.view_crmsystem")
    group.permissions.add(*map(row, given))
    shown = page.get(f"{GROUPS}?q=helpers").content.decode()
    told = " ".join(strip_tags(shown[shown.index('id="result_list"') :]).split())
    few = "Roles: add; Notes (notes_items): see; Estimates (estimates_items): see, and 1 more"
    assert f"Helpers1{few}" in told
    assert "CRM systems (crm): see" in shown


# --- The same for keys ---------------------------------------------------------------------


def test_the_form_of_a_key_says_what_a_resource_is(page: Client) -> None:
    shown = page.get(f"{HOME}create/").content.decode()
    assert "Team members (users)" in shown
    assert "Notes (notes_items)" in shown
    for scope in all_scopes():
        assert f'name="scopes" value="{scope}"' in shown


def test_select_all_read_of_a_key_needs_no_script_and_gives_what_is_held(bob: User) -> None:
    bob.user_permissions.add(row("keys.manage_api_keys"))
    values = {"name": "Tool", "days": "90", "scopes_all_read": "on", "scopes": ["crm:write"]}
    bob.user_permissions.add(row("crm.add_crmsystem"))
    opened = signed_in(bob).get(f"{HOME}create/")
    public_id = opened.context["form"]["public_id"].value()
    signed_in(bob).post(f"{HOME}create/", {**values, "public_id": public_id})
    assert ManageKey.objects.get().scopes == ["crm:read", "crm:write"]
