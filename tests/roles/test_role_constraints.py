"""How many may hold a role, and how that may change."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from syteops.core.actors import SYSTEM
from syteops.roles import services
from syteops.roles.models import Role
from tests.fixtures import Api
from tests.objects import get_role
from tests.samples.roles import a_role
from tests.samples.team import a_member


def constraint_of(answer: Any) -> tuple[str, int | None]:
    assert answer.status_code in (200, 201), answer.json()
    role = answer.json()["role"]
    return role["constraint_type"], role["max_count"]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"constraint_type": "max_count"}, "required"),
        ({"constraint_type": "max_count", "max_count": None}, "required"),
        ({"constraint_type": "unique", "max_count": 1}, "invalid"),
        ({"constraint_type": "unlimited", "max_count": 5}, "invalid"),
    ],
)
def test_type_and_limit_that_contradict_each_other_are_refused(
    api: Api, values: Any, code: str
) -> None:
    a_role(max_count=2)

    for answer in (
        api.post("/roles", {"name": "Writer", **values}),
        api.patch("/roles/editor", values),
    ):
        assert answer.status_code == 400
        [error] = answer.json()["errors"]
        assert (error["pointer"], error["code"]) == ("#/max_count", code)
    assert get_role("editor").max_count == 2
    assert Role.objects.count() == 4


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({}, ("unlimited", None)),
        ({"max_count": None}, ("unlimited", None)),
        ({"max_count": 4}, ("max_count", 4)),
        ({"constraint_type": "unique"}, ("unique", None)),
        ({"constraint_type": "unique", "max_count": None}, ("unique", None)),
        ({"constraint_type": "max_count", "max_count": 1}, ("max_count", 1)),
    ],
)
def test_the_constraint_of_a_new_role(api: Api, values: Any, constraint: Any) -> None:
    assert constraint_of(api.post("/roles", {"name": "Writer", **values})) == constraint


@pytest.mark.parametrize(
    ("before", "values", "constraint"),
    [
        ({"max_count": 2}, {"max_count": 3}, ("max_count", 3)),
        ({"max_count": 2}, {"max_count": None}, ("unlimited", None)),
        ({"max_count": 2}, {"constraint_type": "unlimited"}, ("unlimited", None)),
        ({"max_count": 2}, {"constraint_type": "unique"}, ("unique", None)),
        ({"max_count": 2}, {"icon": "edit"}, ("max_count", 2)),
        ({"constraint_type": "unique"}, {"max_count": None}, ("unique", None)),
        ({"constraint_type": "unique"}, {"max_count": 2}, ("max_count", 2)),
        ({}, {"max_count": 2}, ("max_count", 2)),
    ],
)
def test_a_changed_constraint(api: Api, before: Any, values: Any, constraint: Any) -> None:
    a_role(**before)

    assert constraint_of(api.patch("/roles/editor", values)) == constraint


@pytest.mark.parametrize(
    ("values", "excess"),
    [
        ({"max_count": 2}, 1),
        ({"max_count": 1}, 2),
        ({"constraint_type": "unique"}, 2),
        ({"constraint_type": "max_count", "max_count": 2}, 1),
    ],
)
def test_a_limit_never_falls_below_the_holders(api: Api, values: Any, excess: int) -> None:
    role = a_role(max_count=5)
    for _ in range(3):
        services.assign(SYSTEM, role, a_member())

    refused = api.patch("/roles/editor", {**values, "icon": "edit"})

    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert refused.json()["unassign_first"] == excess
    assert f"unassign {excess} of them first" in refused.json()["detail"]
    assert len(refused.json()["holders"]) == 3
    stored = get_role("editor")
    assert (stored.max_count, stored.icon) == (5, "")


def test_a_limit_may_fall_to_the_holders(api: Api) -> None:
    role = a_role()
    for _ in range(2):
        services.assign(SYSTEM, role, a_member())

    assert constraint_of(api.patch("/roles/editor", {"max_count": 2})) == ("max_count", 2)


@pytest.mark.parametrize(
    "values",
    [
        {"constraint_type": "many"},
        {"constraint_type": "max_count"},
        {"constraint_type": "max_count", "max_count": 0},
        {"constraint_type": "unique", "max_count": 1},
        {"system": True},
        {"slug": "site_owner"},
        {"name": "SITE OWNER"},
    ],
)
def test_the_database_itself_refuses_a_contradiction(db: None, values: Any) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Role.objects.bulk_create([Role(**{"slug": "odd", "name": "Odd", **values})])


def test_the_database_itself_refuses_a_second_assignment(db: None) -> None:
    role, member = a_role(), a_member()
    services.assign(SYSTEM, role, member)

    with pytest.raises(IntegrityError), transaction.atomic():
        role.assignments.bulk_create([type(role.assignments.get())(role=role, member=member)])
