"""What a write tells of others is of a hundred at most, with how many there are, whoever asks."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from syteops.core.actors import SYSTEM
from syteops.crm.models import CrmIdentifier, CrmSystem
from syteops.roles.models import RoleAssignment
from syteops.roles.services import create_role
from syteops.team.models import TeamMember
from tests.fixtures import Api
from tests.samples.crm import a_system

pytestmark = pytest.mark.django_db

MANY = 103


@pytest.fixture
def members() -> list[TeamMember]:
    """More than an answer tells of."""
    return TeamMember.objects.bulk_create(
        TeamMember(number=n, first_name=f"Ada {n}") for n in range(1, MANY + 1)
    )


@pytest.fixture
def system(members: list[TeamMember]) -> CrmSystem:
    """A CRM system in which all of them are known."""
    system = a_system()
    CrmIdentifier.objects.bulk_create(
        CrmIdentifier(member=one, system=system, identifier=f"hs-{one.number}") for one in members
    )
    return system


@pytest.mark.usefixtures("system")
def test_a_dry_run_tells_of_a_hundred_changes_and_how_many_there_are(api: Api) -> None:
    answer = api.delete("/crm-systems/001?dry_run=true").json()

    assert len(answer["changes"]) == 100
    assert answer["changes_count"] == MANY + 1  # the system itself
    its_own = next(one["fields"] for one in answer["changes"] if one["resource"] == "crm")
    taken = its_own["identifiers"]
    assert (len(taken["before"]), taken["before_count"], taken["after"]) == (100, MANY, {})
    impact = answer["impact"]
    assert (len(impact["team_member_ids"]), impact["team_member_ids_count"]) == (100, MANY)
    assert impact["team_member_ids"][0] == "001 Ada 1 hs-1"
    lineage = answer["lineage"]
    assert (len(lineage["removed"]), lineage["removed_count"]) == (100, MANY + 3)
    assert "changed_count" not in lineage
    assert CrmIdentifier.objects.count() == MANY


@pytest.mark.usefixtures("system")
def test_dispatch_and_the_question_for_consent_tell_as_much(api: Api) -> None:
    tried = api.dispatch("crm.delete", {"crm_num": "001"}, dry_run=True).json()
    asked = api.delete("/crm-systems/001").json()
    bulk = {"items": [{"action": "delete", "params": {"crm_num": "001"}}]}
    [item] = api.post("/crm-systems/bulk", bulk).json()["impact"]["items"]

    assert (len(tried["changes"]), tried["changes_count"]) == (100, MANY + 1)
    for impact in (tried["impact"], asked["impact"], item):
        assert (len(impact["team_member_ids"]), impact["team_member_ids_count"]) == (100, MANY)
    assert asked["impact"]["lineage"]["removed_count"] == MANY + 3


@pytest.mark.usefixtures("system")
def test_who_may_not_read_learns_the_whole_number_too(make_key: Callable[..., str]) -> None:
    answer = Api(make_key("crm:delete")).delete("/crm-systems/001?dry_run=true").json()

    assert answer["impact"]["team_member_ids_count"] == MANY
    assert len(answer["changes"]) == 1  # others are not its own


def test_of_a_long_value_before_and_after_as_much_is_told(
    api: Api, members: list[TeamMember]
) -> None:
    role = create_role(SYSTEM, name="Editor")
    RoleAssignment.objects.bulk_create(RoleAssignment(role=role, member=one) for one in members)
    impact: Any = api.delete("/roles/editor").json()["impact"]
    assert (len(impact["holders"]), impact["holders_count"]) == (100, MANY)

    answer = api.post("/roles/editor/unassign?dry_run=true", {"user_num": "050"}).json()

    [change] = answer["changes"]
    held = change["fields"]["assigned_users"]
    assert (len(held["before"]), held["before_count"]) == (100, MANY)
    assert (len(held["after"]), held["after_count"]) == (100, MANY - 1)


def test_a_refusal_names_as_many(api: Api, members: list[TeamMember]) -> None:
    role = create_role(SYSTEM, name="Editor", constraint_type="max_count", max_count=MANY - 1)
    held = members[:-1]
    RoleAssignment.objects.bulk_create(RoleAssignment(role=role, member=one) for one in held)

    full = api.post("/roles/editor/assign", {"user_num": members[-1].slot}).json()
    low = api.patch("/roles/editor", {"max_count": 1}).json()

    assert full["code"] == "role_full"
    assert "099 Ada 99, 100 Ada 100, and 2 more." in full["detail"]
    for refusal in (full, low):
        assert (len(refusal["holders"]), refusal["holders_count"]) == (100, MANY - 1)


def test_the_page_that_asks_before_a_system_is_deleted_shows_as_many(
    page: Client, system: CrmSystem
) -> None:
    html = page.get(f"/admin/crm/crmsystem/{system.pk}/delete/").content.decode()

    assert html.count(" hs-") == 100
    assert f"and {MANY - 100} more" in html
