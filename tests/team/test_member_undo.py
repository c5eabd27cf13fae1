"""Changes of team members are undone through their services."""

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from pytest_django import Settings

from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.crm import services as crm
from syteops.history.undoable import can_revert
from syteops.roles import services as roles
from syteops.team import services
from syteops.team.models import TeamMember
from tests.fixtures import Api, signed_in
from tests.objects import get_member, get_role
from tests.pictures import picture_bytes, upload
from tests.samples.roles import a_role
from tests.samples.team import a_member
from tests.undoing import back_and_forth, latest, over_rest, refused, revert


@pytest.fixture(autouse=True)
def _uploads(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def undo_latest(api: Api, resource: str = "users") -> Any:
    entry = AuditEntry.objects.filter(object_resource=resource, outcome="changed").first()
    assert entry is not None
    return api.post(f"/audit/{entry.pk}/revert?confirm=true")


def test_an_update_is_undone_and_the_undoing_as_well(api: Api, alice: User) -> None:
    for name in ("HubSpot", "Zoho"):
        crm.create_crm_system(SYSTEM, name=name)
    a_member(city="London", crm_ids={"001": "H-1"})
    before = api.get("/team-members/001").json()
    change = {"city": "Rome", "country": "IT", "user": "alice", "crm_ids": {"001": "", "002": "Z"}}
    after = api.patch("/team-members/001", change).json()

    assert undo_latest(api).status_code == 200
    undone = api.get("/team-members/001").json()
    assert undo_latest(api).status_code == 200
    redone = api.get("/team-members/001").json()

    for record in (before, after, undone, redone):
        del record["updated_at"]
    assert (undone, redone) == (before, after)


def test_a_creation_is_undone_by_deleting_and_that_by_restoring(api: Api) -> None:
    member = a_member(city="London")

    assert undo_latest(api).status_code == 200
    assert TeamMember.objects.count() == 0
    assert undo_latest(api).status_code == 200
    assert TeamMember.objects.get() == member
    assert undo_latest(api).status_code == 200
    assert TeamMember.objects.count() == 0


def test_undoing_a_deletion_gives_the_number_and_the_roles_back(api: Api) -> None:
    member = a_member()
    for role in (get_role("site_owner"), a_role()):
        roles.assign(SYSTEM, role, member)
    services.delete_team_member(SYSTEM, get_member("001"))

    assert undo_latest(api).json()["object"] == "001"
    assert get_member("001").role_slugs == ["editor", "site_owner"]
    assert undo_latest(api).status_code == 200
    assert TeamMember.objects.count() == 0
    assert undo_latest(api).status_code == 200
    assert get_member("001").role_slugs == ["editor", "site_owner"]


def test_a_deletion_is_undone_under_the_next_number_if_its_own_is_taken(api: Api) -> None:
    a_member()
    services.delete_team_member(SYSTEM, get_member("001"))
    deletion = AuditEntry.objects.get(event="team_member.deleted")
    a_member(first_name="Grace")

    undone = api.post(f"/audit/{deletion.pk}/revert?confirm=true")

    assert undone.json() == {
        "id": deletion.pk,
        "reverted": True,
        "resource": "users",
        "object": "002",
    }
    assert get_member("002").first_name == "Ada"


def test_a_member_does_not_come_back_into_a_role_that_is_taken(api: Api) -> None:
    roles.assign(SYSTEM, get_role("site_owner"), a_member())
    services.delete_team_member(SYSTEM, get_member("001"))
    roles.assign(SYSTEM, get_role("site_owner"), a_member(first_name="Grace"))
    deletion = AuditEntry.objects.get(event="team_member.deleted")

    refused = api.post(f"/audit/{deletion.pk}/revert?confirm=true")

    assert (refused.status_code, refused.json()["code"]) == (409, "role_full")
    assert "held by 001 Grace" in refused.json()["detail"]
    assert "restore the member without roles" in refused.json()["detail"]
    assert refused.json()["holders"] == [{"user_num": "001", "name": "Grace Lovelace"}]
    assert TeamMember.objects.count() == 1
    assert api.get("/roles/site_owner").json()["role"]["assigned_users"] == ["001"]


def test_a_member_does_not_come_back_into_a_role_that_is_gone(api: Api) -> None:
    roles.assign(SYSTEM, a_role(), a_member())
    services.delete_team_member(SYSTEM, get_member("001"))
    roles.delete_role(SYSTEM, get_role("editor"))
    a_role()  # another one of the same name and slug
    deletion = AuditEntry.objects.get(event="team_member.deleted")

    assert api.post(f"/audit/{deletion.pk}/revert?confirm=true").status_code == 409
    assert TeamMember.objects.count() == 0


def test_a_picture_that_is_gone_cannot_come_back(api: Api) -> None:
    member = a_member(profile_picture=upload(picture_bytes()))
    services.update_team_member(SYSTEM, member, profile_picture=False)

    assert undo_latest(api).status_code == 409
    assert not get_member("001").profile_picture


def test_a_picture_that_was_added_is_removed(api: Api) -> None:
    services.update_team_member(SYSTEM, a_member(), profile_picture=upload(picture_bytes()))

    assert undo_latest(api).status_code == 200
    assert not get_member("001").profile_picture


def test_no_undo_is_offered_for_a_picture_that_is_gone(api: Api) -> None:
    member = a_member(profile_picture=upload(picture_bytes()))
    assert can_revert(latest("team_member.created"))
    services.update_team_member(SYSTEM, member, profile_picture=upload(picture_bytes(color="red")))
    assert not can_revert(latest("team_member.updated"))


def test_a_login_that_is_gone_or_taken_cannot_come_back(
    api: Api, alice: User, charlie: User
) -> None:
    for user in (alice, charlie):
        member = a_member(user=user)
        services.update_team_member(SYSTEM, member, user=None)
        entry = AuditEntry.objects.filter(object_resource="users")[0]
        if user == alice:
            a_member(user=alice)
        else:
            charlie.delete()

        answer = api.post(f"/audit/{entry.pk}/revert?confirm=true")
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
        assert TeamMember.objects.get(pk=member.pk).user is None


def shown() -> Any:
    """Every member as it is stored, with roles and identifiers."""
    names = [field.name for field in TeamMember._meta.concrete_fields if field.name != "updated_at"]
    return [
        [*(getattr(one, name) for name in names), one.role_slugs, one.crm_ids]
        for one in TeamMember.objects.order_by("pk")
    ]


def test_a_deletion_is_undone_and_redone(api: Api) -> None:
    crm.create_crm_system(SYSTEM, name="HubSpot")
    roles.assign(SYSTEM, get_role("site_owner"), a_member(crm_ids={"001": "H-1"}))

    def change() -> None:
        api.delete("/team-members/001?confirm=true")

    back_and_forth("team_member.deleted", change, shown, over_rest(api))


def test_a_restoration_is_undone_and_redone(api: Api) -> None:
    member = a_member()
    services.delete_team_member(SYSTEM, member)

    def change() -> None:
        api.post("/team-members/restore", {"id": member.pk})

    back_and_forth("team_member.restored", change, shown, over_rest(api))


def test_a_later_change_of_the_same_field_stands_in_the_way(api: Api) -> None:
    crm.create_crm_system(SYSTEM, name="HubSpot")
    a_member(city="London")
    api.patch("/team-members/001", {"city": "Rome", "country": "IT", "crm_ids": {"001": "A"}})
    entry = latest("team_member.updated")
    api.patch("/team-members/001", {"city": "Oslo", "crm_ids": {"001": "B"}})

    assert refused(api, entry, shown)["fields"] == ["city", "crm_ids"]


def test_a_later_change_of_another_field_or_identifier_stays(api: Api) -> None:
    for name in ("HubSpot", "Zoho"):
        crm.create_crm_system(SYSTEM, name=name)
    a_member(city="London", crm_ids={"001": "A"})
    api.patch("/team-members/001", {"city": "Rome", "crm_ids": {"001": "B"}})
    entry = latest("team_member.updated")
    api.patch("/team-members/001", {"country": "NO", "crm_ids": {"002": "Z"}})

    assert revert(api, entry).status_code == 200

    member = get_member("001")
    assert (member.city, member.country) == ("London", "NO")
    assert member.crm_ids == {"001": "A", "002": "Z"}


def test_an_identifier_does_not_come_back_in_another_system_of_that_number(
    api: Api, make_key: Any
) -> None:
    crm.create_crm_system(SYSTEM, name="HubSpot")
    a_member(crm_ids={"001": "A"})
    api.patch("/team-members/001", {"crm_ids": {"001": ""}})
    entry = latest("team_member.updated")
    api.delete("/crm-systems/001?confirm=true")
    crm.create_crm_system(SYSTEM, name="Zoho")  # 001 now

    problem = refused(api, entry, shown)

    assert "HubSpot was deleted" in problem["detail"]
    reader = Api(make_key("audit:read", "audit:write", "users:read", "users:write"))
    assert "HubSpot" not in str(revert(reader, entry).json())
    assert get_member("001").crm_ids == {}


def test_giving_roles_back_takes_the_right_to_assign_them(api: Api, make_key: Any) -> None:
    a_member()
    services.delete_team_member(SYSTEM, get_member("001"))
    writer = Api(make_key("audit:write", "users:read", "users:write"))
    assert revert(writer, latest("team_member.deleted")).status_code == 200
    roles.assign(SYSTEM, get_role("site_owner"), get_member("001"))
    services.delete_team_member(SYSTEM, get_member("001"))

    refusal = revert(writer, latest("team_member.deleted"))

    assert (refusal.status_code, refusal.json()["scope"]) == (403, "roles:write")
    assert TeamMember.objects.count() == 0


def test_giving_a_login_back_takes_the_right_to_see_logins(
    api: Api, alice: User, make_key: Any, as_person: Any
) -> None:
    """As linking it by hand: else undoing would be a way around."""
    member = a_member(user=alice)
    services.update_team_member(SYSTEM, member, user=None)
    entry = latest("team_member.updated")
    rights = ("view_teammember", "change_teammember", "change_auditentry", "view_auditentry")
    bob = User.objects.create_user("bob", is_staff=True)
    bob.user_permissions.set(Permission.objects.filter(codename__in=rights))

    page = signed_in(bob)
    assert page.post(f"/admin/audit/auditentry/{entry.pk}/undo/").status_code == 403
    assert revert(as_person(bob), entry).json()["permission"] == "auth.view_user"
    bob.user_permissions.add(Permission.objects.get(codename="view_user"))
    assert page.get(f"/admin/audit/auditentry/{entry.pk}/undo/").status_code == 200
    writer = Api(make_key("audit:write", "users:read", "users:write"))
    assert revert(writer, entry).status_code == 200
