from pytest_django import DjangoAssertNumQueries

from syteops.core.actors import SYSTEM
from syteops.crm import services as crm
from syteops.team import services
from syteops.team.variables import member_variables
from tests.objects import get_member
from tests.samples.team import a_deleted_member, a_member
from tests.team.test_members_over_the_api import EVERYTHING


def variables() -> dict[str, str]:
    found = list(member_variables())
    names = [one.name for one in found]
    assert len(names) == len(set(names))
    assert all(one.description for one in found)
    return {one.name: one.value for one in found}


def test_internal_notes_and_the_login_are_never_a_variable(alice: object) -> None:
    a_member(notes="canary-note", user=alice)

    assert not [name for name in variables() if name.endswith(("_notes", "_user"))]
    assert "canary-note" not in variables().values()
    assert "alice" not in variables().values()


def test_every_other_filled_field_is_a_variable(db: None) -> None:
    a_member(**EVERYTHING)

    expected = {f"syteops_user_001_{name}": value for name, value in EVERYTHING.items()}
    del expected["syteops_user_001_notes"]
    assert variables() == {**expected, "syteops_user_001_user_num": "001"}


def test_an_empty_field_is_none(db: None) -> None:
    services.create_team_member(SYSTEM)

    assert variables() == {"syteops_user_001_user_num": "001"}


def test_the_joined_full_name_is_a_variable(db: None) -> None:
    a_member()

    assert variables()["syteops_user_001_full_name"] == "Ada Lovelace"


def test_a_blank_value_removes_the_variable(db: None) -> None:
    a_member(city="London")
    assert "syteops_user_001_city" in variables()

    services.update_team_member(SYSTEM, get_member("001"), city="")

    assert "syteops_user_001_city" not in variables()


def test_identifiers_in_crm_systems_are_variables(db: None) -> None:
    crm.create_crm_system(SYSTEM, name="HubSpot")
    crm.create_crm_system(SYSTEM, name="Zoho")
    a_member(crm_ids={"002": "Z-9"})

    found = variables()
    assert found["syteops_user_001_crm_002_id"] == "Z-9"
    assert "syteops_user_001_crm_001_id" not in found


def test_a_deleted_member_has_no_variables(db: None) -> None:
    a_deleted_member()

    assert variables() == {}


def test_they_cost_the_same_however_many_members(
    db: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    crm.create_crm_system(SYSTEM, name="HubSpot")
    for count in (1, 6):
        for _ in range(count):
            a_member(crm_ids={"001": "H-1"})
        with django_assert_num_queries(3):  # members, identifiers, roles
            variables()
