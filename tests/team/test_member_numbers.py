"""Deleting and restoring: who gets which number."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.roles import services as roles
from syteops.team import services
from syteops.team.models import TeamMember
from tests.fixtures import Api
from tests.objects import get_role
from tests.samples.team import a_deleted_member, a_member

NOW = timezone.now()


def restore(api: Api, pk: Any) -> Any:
    return api.post("/team-members/restore", {"id": pk})


def test_nothing_is_deleted_without_confirmation(api: Api) -> None:
    member = a_member()
    roles.assign(SYSTEM, get_role("site_owner", lock=False), member)

    refused = api.delete("/team-members/001")

    assert refused.status_code == 428
    impact = refused.json()["impact"]
    assert "syteops_user_001_email" in impact.pop("lineage")["removed"]
    assert impact == {
        "user_num": "001",
        "name": "Ada Lovelace",
        "roles_unassigned": ["site_owner"],
        "restorable_by_id": member.pk,
    }
    assert TeamMember.objects.get().role_slugs == ["site_owner"]


def test_a_deleted_member_is_gone_from_everywhere(api: Api) -> None:
    a_member()

    gone = api.delete("/team-members/001?confirm=true")

    assert gone.json() == {"user_num": "001", "deleted": True}
    assert api.get("/team-members/001").status_code == 404
    assert api.get("/team-members").json()["users"] == []
    assert api.patch("/team-members/001", {"city": "Rome"}).status_code == 404
    assert api.delete("/team-members/001?confirm=true").status_code == 404


def test_a_freed_number_is_reused_lowest_first(api: Api) -> None:
    for _ in range(3):
        a_member()
    api.delete("/team-members/002?confirm=true")
    api.delete("/team-members/001?confirm=true")

    made = [api.post("/team-members").json()["user_num"] for _ in range(3)]

    assert made == ["001", "002", "004"]


def test_a_deleted_member_gets_the_own_number_back_if_it_is_free(api: Api) -> None:
    member = a_deleted_member(job_title="Analyst")

    record = restore(api, member.pk)

    assert record.status_code == 200
    assert (record.json()["user_num"], record.json()["job_title"]) == ("001", "Analyst")
    assert api.get("/team-members/001").json() == record.json()
    member.refresh_from_db()
    assert (member.former_number, member.deleted_at) == (None, None)


def test_a_deleted_member_gets_the_next_free_number_if_the_own_is_taken(api: Api) -> None:
    member = a_deleted_member()
    for _ in range(2):
        a_member()

    assert restore(api, member.pk).json()["user_num"] == "003"


def test_restoring_does_not_give_the_roles_back(api: Api) -> None:
    member = a_member()
    roles.assign(SYSTEM, get_role("site_owner"), member)
    api.delete("/team-members/001?confirm=true")

    assert restore(api, member.pk).json()["roles"] == []
    assert api.get("/roles/site_owner").json()["role"]["assigned_users"] == []


def test_restoring_a_live_member_is_a_conflict(api: Api) -> None:
    answer = restore(api, a_member().pk)

    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


def test_restoring_an_unknown_id_finds_nothing(api: Api) -> None:
    answer = restore(api, 2**63 - 1)

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("pk", ["1", 0, -1, 1.5, True, None, 2**63, [1]])
def test_an_impossible_id_is_refused(api: Api, pk: Any) -> None:
    assert restore(api, pk).status_code == 400


def test_deleting_and_restoring_are_recorded(api: Api) -> None:
    member = a_member()
    roles.assign(SYSTEM, get_role("site_owner"), member)

    api.delete("/team-members/001?confirm=true")
    restore(api, member.pk)

    restored, deleted, unassigned = AuditEntry.objects.all()[:3]
    assert (unassigned.event, unassigned.operation) == ("role.unassigned", "users.delete")
    assert (deleted.event, deleted.object_id) == ("team_member.deleted", "001")
    assert deleted.changes["roles"] == {"before": ["site_owner"], "after": []}
    assert deleted.changes["number"] == {"before": 1, "after": None}
    assert (restored.event, restored.object_id) == ("team_member.restored", "001")
    assert restored.changes["number"] == {"before": None, "after": 1}


def test_the_limit_stops_new_and_restored_members(api: Api, settings: Settings) -> None:
    settings.MAX_TEAM_MEMBERS = 2
    deleted = a_deleted_member()
    a_member()
    a_member()

    for answer in (api.post("/team-members"), restore(api, deleted.pk)):
        assert (answer.status_code, answer.json()["code"]) == (409, "limit_reached")
        assert answer.json()["limit"] == 2
    assert TeamMember.objects.count() == 2


def test_a_number_beyond_a_lowered_limit_is_not_given_back(api: Api, settings: Settings) -> None:
    for _ in range(3):
        a_member()
    member = TeamMember.objects.get(number=3)
    services.delete_team_member(SYSTEM, member)
    services.delete_team_member(SYSTEM, TeamMember.objects.get(number=1))
    settings.MAX_TEAM_MEMBERS = 2

    assert restore(api, member.pk).json()["user_num"] == "001"


def test_numbers_grow_beyond_three_digits(api: Api, settings: Settings) -> None:
    settings.MAX_TEAM_MEMBERS = 2000
    TeamMember.all_objects.bulk_create(TeamMember(number=n) for n in range(1, 1000))

    assert api.post("/team-members").json()["user_num"] == "1000"
    assert api.get("/team-members/1000").status_code == 200


def test_taking_a_number_costs_the_same_however_many_are_taken(
    db: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    TeamMember.all_objects.bulk_create(TeamMember(number=n) for n in range(1, 50))
    services.create_team_member(SYSTEM)

    with django_assert_num_queries(1 + (connection.vendor == "postgresql")):  # which is locked
        TeamMember.free_number()


@pytest.mark.parametrize(
    "values",
    [
        {"number": None},
        {"number": 0},
        {"number": 1, "deleted_at": NOW, "former_number": 1},
        {"number": None, "deleted_at": NOW},
        {"number": 1, "former_number": 1},
    ],
)
def test_the_database_itself_gives_live_members_a_number_and_deleted_ones_none(
    db: None, values: Any
) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        TeamMember.all_objects.bulk_create([TeamMember(**values)])
