import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from syteops.automation import queries, services
from syteops.core import variables as families
from syteops.core.actors import SYSTEM
from syteops.core.variables import Variable
from syteops.crm import services as crm
from tests.fixtures import Api


@pytest.fixture
def extra_family(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Adds a family that derives the variables given."""

    def add(*variables: Variable, module: str = "") -> None:
        family = families.Family("extra", "syteops_extra_*", "", lambda: variables, module)
        monkeypatch.setattr(families, "_families", [*families.all_families(), family])

    return add


@pytest.fixture
def some_variables(db: None) -> None:
    crm.create_crm_system(SYSTEM, name="HubSpot", url="https://hubspot.example")
    services.create_variable(SYSTEM, key="greeting", value="Hello World", description="A welcome")
    services.create_variable_set(
        SYSTEM,
        name="Brand",
        acronym="brand",
        values=[{"suffix": "color", "type": "text", "value": "red"}],
    )


@pytest.mark.usefixtures("some_variables")
def test_the_catalogue_holds_every_source_by_name(api: Api) -> None:
    answer = api.get("/variables").json()

    names = [one["name"] for one in answer["variables"]]
    assert names == sorted(names)
    assert {"syteops_api_greeting", "syteops_brand_svs_color", "syteops_std_crm_001_name"} <= set(
        names
    )
    assert answer["total"] == len(names)
    by_name = {one["name"]: one for one in answer["variables"]}
    assert by_name["syteops_api_greeting"] == {
        "name": "syteops_api_greeting",
        "description": "A welcome",
        "source": "api",
        "current_value": "Hello World",
        "writable": True,
    }
    assert by_name["syteops_brand_svs_color"]["writable"] is False
    assert by_name["syteops_std_crm_001_name"]["source"] == "crm"


@pytest.mark.usefixtures("some_variables")
@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("source=svs", ["syteops_brand_svs_color"]),
        ("search=WORLD", ["syteops_api_greeting"]),
        ("search=welcome&source=api", ["syteops_api_greeting"]),
        ("search=welcome&source=crm", []),
        ("source=no_such_source", []),
    ],
)
def test_the_catalogue_is_filtered_by_source_and_text(
    api: Api, query: str, names: list[str]
) -> None:
    answer = api.get(f"/variables?{query}").json()
    assert [one["name"] for one in answer["variables"]] == names
    assert answer["total"] == len(names)


def test_each_page_says_that_there_is_no_flowmattic(api: Api) -> None:
    """Tools of the WordPress product look for its plug-in before they go on."""
    for page in (api.get("/variables").json(), api.dispatch("variables.catalog").json()["data"]):
        assert page["flowmattic_available"] is False


def test_the_catalogue_comes_in_pages(api: Api) -> None:
    for number in range(5):
        services.create_variable(SYSTEM, key=f"k{number}", value="x")

    answer = api.get("/variables?source=api&page=2&per_page=2").json()

    assert [one["name"] for one in answer["variables"]] == ["syteops_api_k2", "syteops_api_k3"]
    assert (answer["total"], answer["page"], answer["per_page"]) == (5, 2, 2)
    assert api.get("/variables?source=api&page=9").json()["variables"] == []


def test_a_change_shows_at_once_and_a_blank_value_takes_the_variable_away(api: Api) -> None:
    api.post("/crm-systems", {"name": "HubSpot", "url": "https://hubspot.example"})
    assert api.get("/variables/syteops_std_crm_001_url").status_code == 200

    api.patch("/crm-systems/001", {"name": "Zoho", "url": ""})

    assert api.get("/variables/syteops_std_crm_001_name").json()["value"] == "Zoho"
    assert api.get("/variables/syteops_std_crm_001_url").status_code == 404


def test_blank_values_are_no_variables(db: None, extra_family: Any) -> None:
    extra_family(Variable("syteops_extra_a", "", ""), Variable("syteops_extra_b", " \n", ""))
    assert queries.catalogue(source="extra") == []


def test_the_variables_of_an_inactive_module_are_away(
    db: None, extra_family: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    extra_family(Variable("syteops_extra_a", "1", ""), module="extra")
    assert [one.name for one in queries.catalogue(source="extra")] == ["syteops_extra_a"]

    monkeypatch.setattr(queries, "inactive_modules", lambda: {"extra"})

    assert queries.catalogue(source="extra") == []
    assert "syteops_extra_a" not in queries.exported()


def test_a_name_derived_twice_counts_once_and_is_logged(
    db: None, extra_family: Any, caplog: pytest.LogCaptureFixture
) -> None:
    extra_family(Variable("syteops_extra_a", "first", ""), Variable("syteops_extra_a", "2nd", ""))
    with caplog.at_level(logging.ERROR):
        found = queries.catalogue(source="extra")
    assert [one.value for one in found] == ["first"]
    assert "syteops_extra_a is derived twice" in caplog.text


@pytest.mark.usefixtures("some_variables")
def test_no_name_is_derived_twice() -> None:
    names = [one.name for family in families.all_families() for one in family.derive()]
    assert names
    assert len(names) == len(set(names))


def test_every_variable_has_a_proper_name_and_a_description(some_variables: None) -> None:
    catalogue = queries.catalogue()
    assert catalogue
    for one in catalogue:
        assert one.name.startswith("syteops_")
        assert one.name == one.name.lower()
        assert one.description


def queries_of_an_export() -> Iterator[int]:
    while True:
        with CaptureQueriesContext(connection) as captured:
            queries.exported()
        yield len(captured)


def test_reading_costs_the_same_number_of_queries_however_much_there_is(db: None) -> None:
    queries.exported()  # SQLite begins the test's transaction with its first statement
    counted = queries_of_an_export()
    before = next(counted)
    rows = [{"suffix": f"s{n}", "type": "text", "value": "x"} for n in range(10)]
    for number in range(10):
        services.create_variable(SYSTEM, key=f"k{number}", value="x")
        services.create_variable_set(SYSTEM, name="Set", acronym=f"set{number}", values=rows)
        crm.create_crm_system(SYSTEM, name=f"CRM {number}")
    assert len(queries.catalogue()) >= 120
    assert next(counted) == before
