"""Who a member is in each CRM system."""

from typing import Any

import pytest

from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.crm import services as crm
from syteops.crm.models import CrmIdentifier
from syteops.team.models import TeamMember
from tests.fixtures import Api
from tests.objects import get_system
from tests.undoing import latest, refused, revert


@pytest.fixture(autouse=True)
def _systems(db: None) -> None:
    crm.create_crm_system(SYSTEM, name="HubSpot")
    crm.create_crm_system(SYSTEM, name="Zoho")


def stored() -> dict[str, str]:
    member: TeamMember = TeamMember.objects.get()
    return member.crm_ids


@pytest.mark.parametrize(
    ("value", "pointer"),
    [
        ({"003": "A-1"}, "#/crm_ids/003"),
        ({"1": "A-1"}, "#/crm_ids/1"),
        ({"hubspot": "A-1"}, "#/crm_ids/hubspot"),
        ({"001": 5}, "#/crm_ids/001"),
        ({"001": None}, "#/crm_ids/001"),
        ({"001": "x" * 201}, "#/crm_ids/001"),
        (["A-1"], "#/crm_ids"),
        ("A-1", "#/crm_ids"),
        (None, "#/crm_ids"),
    ],
)
def test_what_names_no_identifier_is_refused_and_nothing_is_stored(
    api: Api, value: Any, pointer: str
) -> None:
    api.post("/team-members", {"crm_ids": {"001": "kept"}})

    for answer in (
        api.post("/team-members", {"crm_ids": value}),
        api.patch("/team-members/001", {"crm_ids": value, "city": "Rome"}),
    ):
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["pointer"] == pointer
    assert stored() == {"001": "kept"}


def test_identifiers_are_stored_by_crm_number(api: Api) -> None:
    made = api.post("/team-members", {"crm_ids": {"002": "Z-9", "001": "H-1"}})

    assert made.json()["crm_ids"] == {"001": "H-1", "002": "Z-9"}
    assert stored() == {"001": "H-1", "002": "Z-9"}


def test_a_blank_identifier_removes_it_and_one_left_out_is_kept(api: Api) -> None:
    api.post("/team-members", {"crm_ids": {"001": "H-1", "002": "Z-9"}})

    changed = api.patch("/team-members/001", {"crm_ids": {"001": " "}})

    assert changed.json()["crm_ids"] == {"002": "Z-9"}
    assert stored() == {"002": "Z-9"}
    assert CrmIdentifier.objects.count() == 1


def test_a_blank_identifier_of_a_new_member_is_none(api: Api) -> None:
    assert api.post("/team-members", {"crm_ids": {"001": ""}}).json()["crm_ids"] == {}


def test_the_same_identifiers_again_change_nothing(api: Api) -> None:
    api.post("/team-members", {"crm_ids": {"001": "H-1"}})
    etag = api.get("/team-members/001").headers["ETag"]

    same = api.patch("/team-members/001", {"crm_ids": {"001": "H-1", "002": ""}})

    assert same.headers["SyteOps-Changed"] == "false"
    assert same.headers["ETag"] == etag


def test_a_changed_identifier_is_part_of_the_members_entry(api: Api) -> None:
    api.post("/team-members", {"crm_ids": {"001": "H-1"}})

    changed = api.patch("/team-members/001", {"city": "Rome", "crm_ids": {"001": "H-2"}})

    assert changed.headers["SyteOps-Changed"] == "true"
    entry, made = AuditEntry.objects.filter(object_resource="users")
    assert entry.changes["crm_ids"] == {"before": {"001": "H-1"}, "after": {"001": "H-2"}}
    assert entry.changes["city"] == {"before": "", "after": "Rome"}
    assert made.changes["crm_ids"]["after"] == {"001": "H-1"}


def test_a_dry_run_keeps_the_identifiers(api: Api) -> None:
    api.post("/team-members", {"crm_ids": {"001": "H-1"}})

    answer = api.patch("/team-members/001?dry_run=true", {"crm_ids": {"001": ""}}).json()

    assert answer["data"]["crm_ids"] == {}
    assert stored() == {"001": "H-1"}


def test_deleting_the_crm_system_takes_its_identifiers(api: Api) -> None:
    api.post("/team-members", {"crm_ids": {"001": "H-1", "002": "Z-9"}})

    crm.delete_crm_system(SYSTEM, get_system("001"))

    assert api.get("/team-members/001").json()["crm_ids"] == {"002": "Z-9"}


def test_each_member_s_history_tells_that_the_crm_system_was_deleted_and_came_back(
    api: Api,
) -> None:
    api.post("/team-members", {"crm_ids": {"001": "H-1", "002": "Z-9"}})
    api.post("/team-members", {"crm_ids": {"002": "Z-8"}})
    api.post("/team-members", {"crm_ids": {"001": "H-3"}})
    api.post("/team-members", {"crm_ids": {"001": "H-4"}})
    api.delete("/team-members/004?confirm=true")  # the system's own entry tells of that one
    with_it, without = {"001": "H-1", "002": "Z-9"}, {"002": "Z-9"}

    api.delete("/crm-systems/001?confirm=true")
    first, second = AuditEntry.objects.filter(event="team_member.updated").order_by("id")
    assert first.changes == {"crm_ids": {"before": with_it, "after": without}}
    assert (first.object_id, first.operation, first.actor_kind) == ("001", "crm.delete", "key")
    assert second.changes == {"crm_ids": {"before": {"001": "H-3"}, "after": {}}}

    revert(api, latest("crm_system.deleted"))
    third, fourth = AuditEntry.objects.filter(event="team_member.updated").order_by("id")[2:]
    assert third.changes == {"crm_ids": {"before": without, "after": with_it}}
    assert fourth.changes == {"crm_ids": {"before": {}, "after": {"001": "H-3"}}}


def test_a_member_who_was_deleted_meanwhile_has_the_identifier_again_too(api: Api) -> None:
    pk = api.post("/team-members", {"crm_ids": {"001": "H-1"}}).json()["id"]
    api.delete("/team-members/001?confirm=true")
    api.delete("/crm-systems/001?confirm=true")
    revert(api, latest("crm_system.deleted"))

    assert api.post("/team-members/restore", {"id": pk}).json()["crm_ids"] == {"001": "H-1"}


def test_deleting_a_crm_system_in_a_dry_run_leaves_no_entry(api: Api) -> None:
    api.post("/team-members", {"crm_ids": {"001": "H-1"}})
    count = AuditEntry.objects.count()

    told = api.delete("/crm-systems/001?dry_run=true").json()

    assert [one["event"] for one in told["changes"]] == [
        "crm_system.deleted", "team_member.updated",
    ]  # fmt: skip
    assert (AuditEntry.objects.count(), stored()) == (count, {"001": "H-1"})


def test_a_restored_member_has_the_identifiers_again(api: Api) -> None:
    pk = api.post("/team-members", {"crm_ids": {"001": "H-1"}}).json()["id"]
    api.delete("/team-members/001?confirm=true")

    assert api.post("/team-members/restore", {"id": pk}).json()["crm_ids"] == {"001": "H-1"}


# --- Undo ----------------------------------------------------------------------------------


def test_an_identifier_does_not_come_back_into_a_system_that_is_deleted(api: Api) -> None:
    api.post("/team-members", {"crm_ids": {"001": "H-1"}})
    api.delete("/crm-systems/001?confirm=true")
    crm.create_crm_system(SYSTEM, name="Pipedrive")  # 001 now

    problem = refused(api, latest("team_member.updated"), stored)

    assert "HubSpot was deleted" in problem["detail"]
    assert CrmIdentifier.objects.count() == 0


def test_undoing_the_deletion_of_the_system_gives_it_back_once(api: Api) -> None:
    api.post("/team-members", {"crm_ids": {"001": "H-1", "002": "Z-9"}})
    api.delete("/crm-systems/001?confirm=true")
    taken = latest("team_member.updated")
    crm.create_crm_system(SYSTEM, name="Pipedrive")  # 001 now
    assert revert(api, latest("crm_system.deleted")).json()["object"] == "003"

    assert stored() == {"002": "Z-9", "003": "H-1"}
    assert refused(api, taken, stored)["fields"] == ["crm_ids"]


def test_undoing_that_it_was_given_back_takes_it_from_that_member_alone(api: Api) -> None:
    for text in ("H-1", "H-2"):
        api.post("/team-members", {"crm_ids": {"001": text, "002": "Z-9"}})
    api.delete("/crm-systems/001?confirm=true")
    crm.create_crm_system(SYSTEM, name="Pipedrive")  # 001 now
    revert(api, latest("crm_system.deleted"))

    assert revert(api, latest("team_member.updated")).status_code == 200

    assert api.get("/team-members/001").json()["crm_ids"] == {"002": "Z-9", "003": "H-1"}
    assert api.get("/team-members/002").json()["crm_ids"] == {"002": "Z-9"}
    restored = latest("crm_system.restored")
    assert refused(api, restored, lambda: 0)["fields"] == ["identifiers"]
    assert revert(api, latest("team_member.updated")).status_code == 200
    assert revert(api, restored).status_code == 200
