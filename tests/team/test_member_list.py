from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from syteops.core.actors import SYSTEM
from syteops.crm import services as crm
from syteops.roles import services as roles
from syteops.team import queries, services
from syteops.team.models import TeamMember
from tests.each import each
from tests.fixtures import Api
from tests.objects import get_member, get_role
from tests.samples.roles import a_role
from tests.samples.team import a_deleted_member, a_member


@pytest.fixture
def people(db: None) -> None:
    a_member(company_name="Engines Ltd", email_alternate="ada@engines.example", job_title="Analyst")
    a_member(first_name="Grace", last_name="Hopper", email="", company_name="Navy")
    a_member(first_name="", last_name="", full_name="alan turing", email="", nickname="Prof_100%")
    a_deleted_member(first_name="Charles", last_name="Babbage")


def numbers(api: Api, query: str = "") -> Any:
    answer = api.get(f"/team-members{query}")
    assert answer.status_code == 200, answer.json()
    return [one["user_num"] for one in answer.json()["users"]]


@each(
    "query",
    [
        "page=0", "page=-1", "page=x", "page=1.5", "per_page=0", "per_page=201", "per_page=",
        "ordering=number", "ordering=password", "ordering=user__password", "ordering=--email",
        "shoe_size=44", "confirm=true",
        f"search={'x' * 201}",
    ],
)  # fmt: skip
def test_what_is_no_filter_is_refused(api: Api, query: str) -> None:
    answer = api.get(f"/team-members?{query}")

    assert (answer.status_code, answer.json()["code"]) == (400, "validation_error")


def test_live_members_are_listed_by_number(api: Api, people: None) -> None:
    answer = api.get("/team-members").json()

    assert [one["full_name"] for one in answer["users"]] == [
        "Ada Lovelace",
        "Grace Hopper",
        "alan turing",
    ]
    assert (answer["total"], answer["page"], answer["per_page"]) == (3, 1, 50)


def test_pages(api: Api, people: None) -> None:
    page = api.get("/team-members?per_page=2&page=2").json()

    assert [one["user_num"] for one in page["users"]] == ["003"]
    assert (page["total"], page["page"], page["per_page"]) == (3, 2, 2)


@pytest.mark.combination
@each(
    ("search", "found"),
    [
        ("lovelace", ["001"]),
        ("LOVE ada", ["001"]),
        ("ada hopper", []),
        ("engines.example", ["001"]),
        ("analyst", ["001"]),
        ("navy", ["002"]),
        ("turing", ["003"]),
        ("babbage", []),
        ("002", ["002"]),
        ("2", ["002"]),
        ("2+grace", ["002"]),
        ("2+ada", []),
        ("000", []),
        ("9" * 200, []),
        ("%25", ["003"]),
        ("f_1", ["003"]),
        ("a_a", []),
        ("'; DROP TABLE team_teammember; --", []),
        ("+".join(["ada"] * 10 + ["no-such-word"]), ["001"]),
    ],
)
def test_search(api: Api, people: None, search: str, found: list[str]) -> None:
    assert numbers(api, f"?search={search}") == found


@pytest.mark.combination
@pytest.mark.parametrize(
    ("ordering", "found"),
    [
        ("-user_num", ["003", "002", "001"]),
        ("full_name", ["001", "003", "002"]),
        ("-full_name", ["002", "003", "001"]),
        ("last_name", ["003", "002", "001"]),
        ("-company_name", ["002", "001", "003"]),
        ("-email", ["001", "002", "003"]),
        ("created_at", ["001", "002", "003"]),
        ("-created_at", ["003", "002", "001"]),
    ],
)
def test_ordering(api: Api, people: None, ordering: str, found: list[str]) -> None:
    assert numbers(api, f"?ordering={ordering}") == found


@pytest.mark.parametrize("name", queries.ORDERINGS)
def test_every_ordering_works(api: Api, people: None, name: str) -> None:
    assert len(numbers(api, f"?ordering={name}")) == len(numbers(api, f"?ordering=-{name}")) == 3


def test_only_the_holders_of_a_role(api: Api, people: None) -> None:
    roles.assign(SYSTEM, get_role("site_owner"), get_member("002"))

    assert numbers(api, "?role=site_owner") == ["002"]
    assert numbers(api, "?role=technical_contact") == []
    assert numbers(api, "?role=no_such_role") == []


def test_a_list_costs_the_same_however_long_it_is(
    api: Api, django_assert_num_queries: DjangoAssertNumQueries, alice: Any
) -> None:
    def add(count: int) -> None:
        for _ in range(count):
            member = services.create_team_member(SYSTEM, crm_ids={"001": "A-1", "002": "B-1"})
            for role in ("editor", "writer"):
                roles.assign(SYSTEM, get_role(role), member)

    crm.create_crm_system(SYSTEM, name="HubSpot")
    crm.create_crm_system(SYSTEM, name="Zoho")
    a_role(name="Editor")
    a_role(name="Writer")
    services.create_team_member(SYSTEM, user=alice)
    add(1)
    api.get("/team-members")  # the key's last use is written once a minute
    # The key; the members with their logins, their CRM identifiers, their roles.
    with django_assert_num_queries(4):
        api.get("/team-members")
    add(5)
    with django_assert_num_queries(4):
        answer = api.get("/team-members").json()

    assert len(answer["users"]) == TeamMember.objects.count() == 7
    assert answer["users"][6]["roles"] == ["editor", "writer"]
    assert answer["users"][6]["crm_ids"] == {"001": "A-1", "002": "B-1"}
    assert answer["users"][0]["user"] == "alice"


@pytest.mark.parametrize("word", ["555-0142", "0171", "Potsdam", "hub-77"])
def test_a_member_is_found_by_telephone_city_and_crm_identifier(api: Api, word: str) -> None:
    system = api.post("/crm-systems", {"name": "HubSpot"}).json()["crm_num"]
    member = {
        "full_name": "Eva", "phone_number": "+1 555-0142", "phone_mobile": "0171 1",
        "city": "Potsdam", "crm_ids": {system: "hub-77"},
    }  # fmt: skip
    assert api.post("/team-members", member).status_code == 201
    assert api.post("/team-members", {"full_name": "Somebody else"}).status_code == 201
    found = api.get(f"/team-members?search={word}").json()["users"]
    assert [one["full_name"] for one in found] == ["Eva"]
