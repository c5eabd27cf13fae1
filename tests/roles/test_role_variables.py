import json
from collections.abc import Callable, Iterable

import pytest
from pytest_django import DjangoAssertNumQueries

from syteops.core.actors import SYSTEM
from syteops.core.trials import Touched
from syteops.core.variables import Variable
from syteops.crm import services as crm
from syteops.roles import services
from syteops.roles.queries import HOLDING
from syteops.roles.variables import contact_variables, holder_variables, holding_variables
from syteops.team.services import delete_team_member
from tests.objects import get_member, get_role
from tests.samples.roles import a_role
from tests.samples.team import a_member


def values(family: Callable[[], Iterable[Variable]]) -> dict[str, str]:
    found = list(family())
    names = [one.name for one in found]
    assert len(names) == len(set(names))
    assert all(one.description for one in found)
    return {one.name: one.value for one in found}


@pytest.mark.parametrize(
    ("slug", "prefix"),
    [
        ("site_owner", "syteops_user_owner"),
        ("technical_contact", "syteops_user_contact_tech"),
        ("marketing_contact", "syteops_user_contact_marketing"),
    ],
)
def test_the_holder_of_a_system_role(db: None, slug: str, prefix: str) -> None:
    crm.create_crm_system(SYSTEM, name="HubSpot")
    member = a_member(city="London", notes="internal", crm_ids={"001": "H-1"})
    assert values(holder_variables) == {}

    services.assign(SYSTEM, get_role(slug), member)

    assert values(holder_variables) == {
        f"{prefix}_user_num": "001",
        f"{prefix}_first_name": "Ada",
        f"{prefix}_last_name": "Lovelace",
        f"{prefix}_full_name": "Ada Lovelace",
        f"{prefix}_email": "ada@example.com",
        f"{prefix}_city": "London",
        f"{prefix}_crm_001_id": "H-1",
    }


def test_one_member_may_hold_all_three(db: None) -> None:
    member = a_member()
    for slug in ("site_owner", "technical_contact", "marketing_contact"):
        services.assign(SYSTEM, get_role(slug), member)

    found = values(holder_variables)
    assert found["syteops_user_owner_user_num"] == "001"
    assert found["syteops_user_contact_tech_user_num"] == "001"
    assert found["syteops_user_contact_marketing_user_num"] == "001"


def test_they_follow_when_the_role_moves(db: None) -> None:
    services.assign(SYSTEM, get_role("site_owner"), a_member(city="London"))

    services.assign(SYSTEM, get_role("site_owner"), a_member(first_name="Grace"))

    found = values(holder_variables)
    assert found["syteops_user_owner_user_num"] == "002"
    assert found["syteops_user_owner_first_name"] == "Grace"
    assert "syteops_user_owner_city" not in found


def test_they_are_gone_with_the_holder(db: None) -> None:
    services.assign(SYSTEM, get_role("site_owner"), a_member())

    delete_team_member(SYSTEM, get_member("001"))

    assert values(holder_variables) == values(contact_variables) == {}


def test_every_member_holds_a_custom_role_or_not(db: None) -> None:
    services.assign(SYSTEM, a_role(), a_member())
    a_role(name="Writer")
    a_member()
    services.assign(SYSTEM, get_role("site_owner"), get_member("001"))

    assert values(holding_variables) == {
        "syteops_user_001_is_editor": "true",
        "syteops_user_001_is_writer": "false",
        "syteops_user_002_is_editor": "false",
        "syteops_user_002_is_writer": "false",
    }


def test_how_to_reach_all_who_hold_a_role(db: None) -> None:
    role = a_role()
    for given in (
        {"first_name": "Ada", "last_name": "", "email": "ada@example.com", "slack_handle": "@ada"},
        {"first_name": "Bo", "last_name": "Li", "email": "", "slack_handle": ""},
        {"first_name": "", "last_name": "", "email": "c@example.com", "slack_handle": "@c"},
    ):
        services.assign(SYSTEM, role, a_member(**given))
    services.assign(SYSTEM, get_role("site_owner"), get_member("001"))

    prefix = "syteops_std_systm_contact"
    found = values(contact_variables)
    assert {name: value for name, value in found.items() if not name.endswith("_json")} == {
        f"{prefix}_editor_all_names": "Ada, Bo Li",
        f"{prefix}_editor_all_emails": "ada@example.com, c@example.com",
        f"{prefix}_editor_slack": "@ada, @c",
        f"{prefix}_site_owner_all_names": "Ada",
        f"{prefix}_site_owner_all_emails": "ada@example.com",
        f"{prefix}_site_owner_slack": "@ada",
    }
    assert [json.loads(found[f"{prefix}_editor_{one}_json"]) for one in ("all_names", "slack")] == [
        ["Ada", "Bo Li"],
        ["@ada", "@c"],
    ]


def test_a_comma_in_a_name_is_told_from_one_between_two(db: None) -> None:
    role = a_role()
    for last_name in ("Müller, Dr. Eva", 'Quinn "Q"'):
        services.assign(SYSTEM, role, a_member(first_name="", last_name=last_name))
    name = "syteops_std_systm_contact_editor_all_names"
    found = values(contact_variables)
    assert found[name] == 'Müller, Dr. Eva, Quinn "Q"'
    assert "Müller" in found[f"{name}_json"]
    assert json.loads(found[f"{name}_json"]) == ["Müller, Dr. Eva", 'Quinn "Q"']


@pytest.mark.parametrize(
    ("family", "queries"),
    [
        (holder_variables, 3),  # members, identifiers, roles
        (holding_variables, 3),  # roles, who holds them, members
        (contact_variables, 3),  # roles, who holds them
    ],
)
def test_they_cost_the_same_however_many(
    db: None,
    django_assert_num_queries: DjangoAssertNumQueries,
    family: Callable[[], Iterable[Variable]],
    queries: int,
) -> None:
    crm.create_crm_system(SYSTEM, name="HubSpot")
    for count in (1, 4):
        for number in range(count):
            role, member = a_role(name=f"Role {count} {number}"), a_member(crm_ids={"001": "H"})
            services.assign(SYSTEM, role, member)
            services.assign(SYSTEM, get_role("site_owner"), member)
        with django_assert_num_queries(queries):
            assert values(family)


def test_who_comes_and_goes_changes_nothing_for_other_members(db: None) -> None:
    role, *_ = a_role(), a_member(), a_member()
    touched = Touched(type(role), role.resource, role.pk)
    assert len(list(holding_variables(about=[touched]))) == 2
    assert list(holding_variables(about=[touched._replace(names=HOLDING)])) == []
    assert len(list(holding_variables(about=[touched._replace(names=HOLDING | {"name"})]))) == 2
