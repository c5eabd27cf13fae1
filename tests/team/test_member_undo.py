"""Changes of team members are undone through their services."""

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from syteops.audit.models import AuditEntry
from syteops.crm import services as crm
from syteops.lib.actors import SYSTEM
from syteops.roles import services as roles
from syteops.roles.queries import get_role
from syteops.team import services
from syteops.team.models import TeamMember
from syteops.team.queries import get_member
from tests.fixtures import Api
from tests.pictures import picture_bytes, upload
from tests.samples.roles import a_role
from tests.samples.team import a_member


@pytest.fixture(autouse=True)
def _uploads(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def undo_latest(api: Api, resource: str = "users") -> Any:
    entry = AuditEntry.objects.filter(object_resource=resource, outcome="changed").first()
    assert entry is not None
    return api.post(f"/audit/{entry.pk}/revert?confirm=true")


def test_an_update_is_undone_and_the_undoing_as_well(api: Api, alice: User) -> None:
    for name in ("HubSpot", "Zoho"):
        crm.create_system(SYSTEM, name=name)
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
    services.delete_member(SYSTEM, get_member("001"))

    assert undo_latest(api).json()["object"] == "001"
    assert get_member("001").role_slugs == ["editor", "site_owner"]
    assert undo_latest(api).status_code == 200
    assert TeamMember.objects.count() == 0
    assert undo_latest(api).status_code == 200
    assert get_member("001").role_slugs == ["editor", "site_owner"]


def test_a_deletion_is_undone_under_the_next_number_if_its_own_is_taken(api: Api) -> None:
    a_member()
    services.delete_member(SYSTEM, get_member("001"))
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
    services.delete_member(SYSTEM, get_member("001"))
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
    services.delete_member(SYSTEM, get_member("001"))
    roles.delete_role(SYSTEM, get_role("editor"))
    a_role()  # another one of the same name and slug
    deletion = AuditEntry.objects.get(event="team_member.deleted")

    assert api.post(f"/audit/{deletion.pk}/revert?confirm=true").status_code == 409
    assert TeamMember.objects.count() == 0


def test_a_picture_that_is_gone_cannot_come_back(api: Api) -> None:
    member = a_member(profile_picture=upload(picture_bytes()))
    services.update_member(SYSTEM, member, profile_picture=False)

    assert undo_latest(api).status_code == 409
    assert not get_member("001").profile_picture


def test_a_picture_that_was_added_is_removed(api: Api) -> None:
    services.update_member(SYSTEM, a_member(), profile_picture=upload(picture_bytes()))

    assert undo_latest(api).status_code == 200
    assert not get_member("001").profile_picture


def test_a_login_that_is_gone_or_taken_cannot_come_back(
    api: Api, alice: User, charlie: User
) -> None:
    for user in (alice, charlie):
        member = a_member(user=user)
        services.update_member(SYSTEM, member, user=None)
        entry = AuditEntry.objects.filter(object_resource="users")[0]
        if user == alice:
            a_member(user=alice)
        else:
            charlie.delete()

        assert api.post(f"/audit/{entry.pk}/revert?confirm=true").status_code in (400, 409)
        assert TeamMember.objects.get(pk=member.pk).user is None
