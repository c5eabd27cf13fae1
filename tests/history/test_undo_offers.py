"""The admin says what would go, as the API says it, and offers *Undo* afterwards."""

import re
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from manage_api.keys.services import create_restricted_key
from syteops.core.actors import SYSTEM
from syteops.crm.models import CrmSystem
from syteops.crm.services import create_crm_system
from syteops.roles import services as roles
from syteops.roles.models import Role
from syteops.team.models import TeamMember
from tests.fixtures import Api, signed_in
from tests.samples.roles import a_role
from tests.samples.team import a_member

pytestmark = pytest.mark.django_db
CRM = "/admin/crm/crmsystem/"
UNDO = re.compile(r'<a class="so-link so-undo" href="([^"]+)">([^<]+)</a>')


def told_after(answer: Any) -> tuple[str, str]:
    found = UNDO.search(answer.content.decode())
    assert found
    return found[1].replace("&amp;", "&"), found[2]


def delete(page: Client, address: str) -> Any:
    return page.post(f"{address}delete/", {"post": "yes"}, follow=True)


@pytest.fixture
def system() -> CrmSystem:
    return create_crm_system(SYSTEM, name="HubSpot")


# --- Before ---


def test_deleting_a_crm_system_lists_the_identifiers_of_members(
    page: Client, api: Api, system: CrmSystem
) -> None:
    a_member(crm_ids={"001": "hs-4711"})
    impact = api.delete("/crm-systems/001").json()["impact"]
    assert impact["team_member_ids"] == ["001 Ada Lovelace hs-4711"]

    html = page.get(f"{CRM}{system.pk}/delete/").content.decode()
    assert "001 Ada Lovelace hs-4711" in html


def test_who_may_not_see_members_is_told_how_many(bob: User, system: CrmSystem) -> None:
    a_member(crm_ids={"001": "hs-4711"})
    names = ("view_crmsystem", "delete_crmsystem")
    bob.user_permissions.set(Permission.objects.filter(codename__in=names))
    html = signed_in(bob).get(f"{CRM}{system.pk}/delete/").content.decode()
    assert "hs-4711" not in html
    assert "Ada" not in html
    assert "Team member identifiers cleared: 1" in html


def test_deleting_a_role_names_its_holders(page: Client) -> None:
    role = a_role()
    roles.assign(SYSTEM, role, a_member())
    html = page.get(f"/admin/roles/role/{role.pk}/delete/").content.decode()
    assert "Holders: 001 Ada Lovelace" in html
    assert "Holders unassigned: 1" in html


def test_deactivating_a_module_says_what_the_api_says(page: Client, api: Api) -> None:
    impact = api.post("/modules/notes/deactivate").json()["impact"]
    html = unescape(page.get("/admin/modules/modulestate/notes/switch/").content.decode())
    for name in ("operations", "variables", "ai_areas"):
        assert impact[name]
        for one in impact[name]:
            assert one in html
    integrations = "/admin/integrations/integrationstate/prometheus/switch/"
    assert "/metrics answers 404." in page.get(integrations).content.decode()


def test_disabling_the_api_names_the_keys_that_stop(page: Client, site_key: str, db: None) -> None:
    create_restricted_key(SYSTEM, name="Deploy bot", scopes=["crm:read"])
    html = page.get("/admin/keys/managekey/api/disable/").content.decode()
    assert "2 keys stop working" in html
    assert "Deploy bot" in html.partition("keys stop working")[2]


def test_deleting_a_person_says_what_else_changes(page: Client, bob: User) -> None:
    bob.groups.add(Group.objects.create(name="Editors"))
    a_member(user=bob)
    html = page.get(f"/admin/auth/user/{bob.pk}/delete/").content.decode()
    assert "Delete bob?" in html
    assert "Group: Editors" in html
    assert "Ada Lovelace: user" in html
    assert User.objects.filter(pk=bob.pk).exists()
    assert TeamMember.objects.get().user == bob


# --- Afterwards ---


def test_a_deletion_is_undone_from_its_message(page: Client) -> None:
    role = a_role()
    roles.assign(SYSTEM, role, a_member())
    where, text = told_after(delete(page, f"/admin/roles/role/{role.pk}/"))
    assert text == "Undo"
    assert page.post(where).status_code == 302
    assert Role.objects.get(slug=role.slug).assigned_users == ["001"]


def test_a_change_is_undone_from_its_message(page: Client, system: CrmSystem) -> None:
    sent = {"name": "Pipedrive", "url": ""}
    where, _ = told_after(page.post(f"{CRM}{system.pk}/change/", sent, follow=True))
    back = page.post(where)
    assert back.headers["Location"] == CRM
    system.refresh_from_db()
    assert system.name == "HubSpot"


def test_a_module_is_switched_on_again_from_its_message(page: Client, api: Api) -> None:
    switch = "/admin/modules/modulestate/notes/switch/"
    where, _ = told_after(page.post(switch, {"off": "1"}, follow=True))
    assert api.get("/notes").status_code == 404
    page.post(where)
    assert api.get("/notes").status_code == 200


def test_several_changes_at_once_lead_to_all_of_them(page: Client) -> None:
    chosen = [create_crm_system(SYSTEM, name=name).pk for name in ("One", "Two")]
    sent = {"action": "delete_selected", "_selected_action": chosen, "post": "yes"}
    where, text = told_after(page.post(CRM, sent, follow=True))
    assert text == "Look at the changes"
    html = page.get(where).content.decode()
    assert "One" in html
    assert "Two" in html


def test_what_cannot_be_undone_or_not_by_this_person_offers_nothing(
    page: Client, bob: User, system: CrmSystem
) -> None:
    colleague = User.objects.create_user("dora")
    gone = delete(page, f"/admin/auth/user/{colleague.pk}/").content.decode()
    assert "was deleted successfully" in gone
    assert not UNDO.search(gone)

    names = ("view_crmsystem", "change_crmsystem")
    bob.user_permissions.set(Permission.objects.filter(codename__in=names))
    sent = {"name": "Mine", "url": ""}
    answer = signed_in(bob).post(f"{CRM}{system.pk}/change/", sent, follow=True).content.decode()
    assert "was changed successfully" in answer
    assert not UNDO.search(answer)


def test_a_hostile_name_stays_a_name(page: Client) -> None:
    answer = page.post(f"{CRM}add/", {"name": "<script>x</script>"}, follow=True).content.decode()
    assert "<script>x" not in answer
