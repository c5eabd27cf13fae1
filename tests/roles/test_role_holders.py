"""Assigning and unassigning."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.core.errors import Invalid
from syteops.roles import services
from syteops.roles.models import RoleAssignment
from syteops.roles.queries import holders_of
from syteops.team.models import TeamMember
from syteops.team.services import delete_team_member
from tests.each import each
from tests.fixtures import Api
from tests.objects import get_role
from tests.samples.roles import a_role
from tests.samples.team import a_deleted_member, a_member


def assign(api: Api, slug: str, user_num: Any) -> Any:
    return api.post(f"/roles/{slug}/assign", {"user_num": user_num})


def unassign(api: Api, slug: str, user_num: Any) -> Any:
    return api.post(f"/roles/{slug}/unassign", {"user_num": user_num})


@each(
    "user_num", ["099", "1", "0001", "000", "abc", "", " 001", "001\n", 1, None, ["001"], "9" * 9]
)
@each("action", ["assign", "unassign"])
def test_what_names_no_member_is_a_wrong_field(api: Api, user_num: Any, action: str) -> None:
    a_member()

    answer = api.post(f"/roles/site_owner/{action}", {"user_num": user_num})

    assert answer.status_code == 400
    [error] = answer.json()["errors"]
    assert error["pointer"] == "#/user_num"
    assert RoleAssignment.objects.count() == 0


def test_a_deleted_member_gets_no_role(api: Api) -> None:
    a_deleted_member()

    assert assign(api, "site_owner", "001").status_code == 400


def test_a_member_deleted_meanwhile_gets_no_role(db: None) -> None:
    member = a_member()
    seen = type(member).objects.get(pk=member.pk)
    delete_team_member(SYSTEM, member)

    with pytest.raises(Invalid):
        services.assign(SYSTEM, get_role("site_owner"), seen)

    assert RoleAssignment.objects.count() == 0


def test_one_of_very_many_holders_is_found_without_comparing_each_with_each(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = 300
    role = a_role(constraint_type="unlimited")
    members = TeamMember.objects.bulk_create(TeamMember(number=n) for n in range(1, many + 1))
    RoleAssignment.objects.bulk_create(RoleAssignment(role=role, member=one) for one in members)
    compared = 0
    is_equal = TeamMember.__eq__

    def counted(one: TeamMember, other: object) -> bool:
        nonlocal compared
        compared += 1
        return is_equal(one, other)

    monkeypatch.setattr(TeamMember, "__eq__", counted)
    services.unassign(SYSTEM, role, members[-1])

    assert role.assignments.count() == many - 1
    assert 0 < compared < 10 * many


def test_a_role_that_does_not_exist_is_not_found(api: Api) -> None:
    a_member()

    for change in (assign, unassign):
        assert change(api, "nobody", "001").status_code == 404


def test_holders_are_answered_by_number(api: Api) -> None:
    a_role()
    for _ in range(3):
        a_member()

    for user_num in ("003", "001", "002"):
        answer = assign(api, "editor", user_num)
        assert answer.headers["SyteOps-Changed"] == "true"

    assert answer.json() == {"slug": "editor", "assigned_users": ["001", "002", "003"]}
    role = api.get("/roles/editor").json()["role"]
    assert (role["assigned_users"], role["assigned_count"]) == (["001", "002", "003"], 3)
    assert api.get("/team-members/002").json()["roles"] == ["editor"]


@pytest.mark.parametrize("slug", ["site_owner", "editor"])
def test_assigning_again_changes_nothing(api: Api, slug: str) -> None:
    a_role(constraint_type="unique")
    a_member()
    first = assign(api, slug, "001")
    entries = AuditEntry.objects.count()

    again = assign(api, slug, "001")

    assert again.json() == first.json()
    assert again.headers["SyteOps-Changed"] == "false"
    assert AuditEntry.objects.count() == entries


def test_assigning_a_system_role_moves_it(api: Api) -> None:
    a_member()
    a_member()
    assign(api, "site_owner", "001")

    moved = assign(api, "site_owner", "002")

    assert moved.json()["assigned_users"] == ["002"]
    assert api.get("/team-members/001").json()["roles"] == []
    assert api.get("/team-members/002").json()["roles"] == ["site_owner"]


@pytest.mark.parametrize("slug", ["site_owner", "editor"])
def test_unassigning(api: Api, slug: str) -> None:
    a_role()
    a_member()
    assign(api, slug, "001")

    assert unassign(api, slug, "001").json() == {"slug": slug, "assigned_users": []}
    assert RoleAssignment.objects.count() == 0

    again = unassign(api, slug, "001")
    assert again.status_code == 200
    assert again.headers["SyteOps-Changed"] == "false"


@pytest.mark.parametrize(
    ("constraint", "takes"),
    [({"constraint_type": "unique"}, 1), ({"max_count": 1}, 1), ({"max_count": 2}, 2)],
)
def test_a_full_custom_role_refuses_and_names_the_holders(
    api: Api, constraint: Any, takes: int
) -> None:
    a_role(**constraint)
    names = ["Ada", "Grace", "Joan"][: takes + 1]
    for name in names:
        a_member(first_name=name, last_name="")
    for number in range(takes):
        assert assign(api, "editor", f"{number + 1:03d}").status_code == 200

    refused = assign(api, "editor", f"{takes + 1:03d}")

    assert (refused.status_code, refused.json()["code"]) == (409, "role_full")
    assert refused.json()["holders"] == [
        {"user_num": f"{number + 1:03d}", "name": names[number]} for number in range(takes)
    ]
    assert all(name in refused.json()["detail"] for name in names[:takes])
    assert get_role("editor").assignments.count() == takes
    through_dispatch = api.dispatch(
        "roles.assign", {"slug": "editor", "user_num": f"{takes + 1:03d}"}
    ).json()
    assert (through_dispatch["code"], through_dispatch["ok"]) == ("role_full", False)
    assert through_dispatch["holders"] == refused.json()["holders"]


def test_a_freed_place_can_be_taken(api: Api) -> None:
    a_role(constraint_type="unique")
    a_member()
    a_member()
    assign(api, "editor", "001")
    unassign(api, "editor", "001")

    assert assign(api, "editor", "002").json()["assigned_users"] == ["002"]


def test_a_dry_run_assigns_nothing(api: Api) -> None:
    a_member()

    answer = api.post("/roles/site_owner/assign?dry_run=true", {"user_num": "001"}).json()

    assert answer["changed"] is True
    assert answer["data"]["assigned_users"] == ["001"]
    assert RoleAssignment.objects.count() == 0


def test_each_change_is_one_entry_of_the_role(api: Api) -> None:
    a_member()
    a_member()
    assign(api, "site_owner", "001")
    assign(api, "site_owner", "002")
    unassign(api, "site_owner", "002")

    entries = list(AuditEntry.objects.filter(object_resource="roles"))

    assert [(one.event, one.operation, one.object_id) for one in entries] == [
        ("role.unassigned", "roles.unassign", "site_owner"),
        ("role.assigned", "roles.assign", "site_owner"),
        ("role.assigned", "roles.assign", "site_owner"),
    ]
    assert [one.changes["assigned_users"] for one in entries] == [
        {"before": ["002"], "after": []},
        {"before": ["001"], "after": ["002"]},
        {"before": [], "after": ["001"]},
    ]
    ada, grace = TeamMember.objects.values_list("pk", flat=True)
    assert entries[1].changes["assigned_ids"] == {"before": [ada], "after": [grace]}


def test_deleting_a_member_takes_every_role(api: Api) -> None:
    a_role(constraint_type="unique")
    a_member()
    a_member()
    for slug in ("site_owner", "editor"):
        assign(api, slug, "001")

    api.delete("/team-members/001?confirm=true")

    assert RoleAssignment.objects.count() == 0
    assert assign(api, "editor", "002").status_code == 200


def test_the_holders_of_all_roles_of_a_member_who_goes_are_read_together(api: Api) -> None:
    asked = []
    for count in (2, 8):
        member, others = a_member(), [a_member() for _ in range(3)]
        roles = [a_role(name=f"Role {count} {n}") for n in range(count)]
        RoleAssignment.objects.bulk_create(
            RoleAssignment(role=role, member=one) for role in roles for one in (member, *others)
        )
        with CaptureQueriesContext(connection) as seen:
            delete_team_member(SYSTEM, member)
        reads = [one["sql"] for one in seen if one["sql"].startswith("SELECT")]
        asked.append(len([sql for sql in reads if '"team_teammember"."first_name"' in sql]))
        assert {len(holders_of(role)) for role in roles} == {3}
    assert asked[0] == asked[1]
