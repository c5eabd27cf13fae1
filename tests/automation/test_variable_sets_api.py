"""Variable sets over the API: the same rules as in the admin, each error beside its value."""

from collections.abc import Callable
from typing import Any

import pytest

from syteops.audit.models import AuditEntry
from syteops.automation import services
from syteops.automation.models import VariableSet
from tests.fixtures import Api

PATH = "/variable-sets"


def row(suffix: str, value: str, kind: str = "text") -> dict[str, str]:
    return {"suffix": suffix, "type": kind, "value": value}


@pytest.fixture
def acme(api: Api) -> Api:
    """The API of a site that has the set acme."""
    values = [row("size", "L"), row("color", "red")]
    made = api.post(PATH, {"name": "Acme", "acronym": "acme", "values": values})
    assert made.status_code == 201, made.content
    return api


def exported(api: Api) -> dict[str, str]:
    found = api.get("/variables/export").json()
    return {name: text for name, text in found.items() if "_svs_" in name}


# --- What is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "pointer"),
    [
        ([row("good", "x"), row("bad", "twelve", "number")], "#/values/1/value"),
        ([row("bad", "javascript:alert(1)", "url")], "#/values/0/value"),
        ([row("bad", "nobody", "email")], "#/values/0/value"),
        ([row("color", "a"), row("color", "b")], "#/values/1/suffix"),
        ([row("Bad suffix", "a")], "#/values/0/suffix"),
        ([row("ok", "a", "colour")], "#/values/0/type"),
        ([row("ok", "a" * 10_001)], "#/values/0/value"),
        ([{"suffix": "ok", "value": 5}], "#/values/0/value"),
        ([{"suffix": "ok", "value": "a", "more": 1}], "#/values/0/more"),
        ([{"value": "a"}], "#/values/0/suffix"),
        ("color=red", "#/values"),
        ([row(f"n{number}", "x") for number in range(501)], "#/values"),
    ],
)
def test_a_wrong_value_is_refused_where_it_stands(acme: Api, values: Any, pointer: str) -> None:
    before = acme.get(f"{PATH}/acme").json()
    created = acme.post(PATH, {"name": "Other", "acronym": "other", "values": values})
    updated = acme.patch(f"{PATH}/acme?confirm=true", {"name": "Other", "values": values})
    for refused in (created, updated):
        assert refused.status_code == 400
        assert refused.json()["errors"][0]["pointer"] == pointer
    assert acme.get(f"{PATH}/acme").json() == before
    assert VariableSet.objects.count() == 1


@pytest.mark.parametrize("acronym", ["user", "std", "api", "a", "a_b", "Acme", "acme"])
def test_an_acronym_that_is_taken_or_cannot_be_is_refused(acme: Api, acronym: str) -> None:
    refused = acme.post(PATH, {"name": "Other", "acronym": acronym})
    assert [one["pointer"] for one in refused.json()["errors"]] == ["#/acronym"]
    assert exported(acme) == {"syteops_acme_svs_color": "red", "syteops_acme_svs_size": "L"}


def test_each_right_allows_its_own(acme: Api, make_key: Callable[..., str]) -> None:
    reads, writes = Api(make_key("variable_sets:read")), Api(make_key("variable_sets:write"))
    assert reads.get(f"{PATH}/acme").status_code == 200
    assert reads.patch(f"{PATH}/acme", {"name": "X"}).status_code == 403
    assert writes.delete(f"{PATH}/acme?confirm=true").status_code == 403
    changed = writes.patch(f"{PATH}/acme", {"name": "X"})
    assert changed.status_code == 200
    assert "red" not in changed.content.decode()
    assert Api(make_key("variables:read")).get(PATH).status_code == 403


def test_deleting_says_first_which_variables_would_go(acme: Api) -> None:
    asked = acme.delete(f"{PATH}/acme")
    assert asked.status_code == 428
    names = ["syteops_acme_svs_color", "syteops_acme_svs_size"]
    impact = asked.json()["impact"]
    assert impact["lineage"]["removed"] == names
    assert impact == {**impact, "acronym": "acme", "name": "Acme", "variables": names}
    assert acme.delete(f"{PATH}/acme?confirm=true").json() == {"acronym": "acme", "deleted": True}
    assert exported(acme) == {}


# --- What is done -------------------------------------------------------------------------------


def test_a_set_is_read_with_its_values_in_order(acme: Api) -> None:
    [listed] = acme.get(PATH).json()["variable_sets"]
    assert listed == acme.get(f"{PATH}/acme").json()
    assert listed["values"] == [row("color", "red"), row("size", "L")]


def test_values_are_replaced_whole_and_answered_in_their_form(acme: Api) -> None:
    values = [row("on", "YES", "boolean"), row("page", "<p>Hi</p>\n", "html")]
    answer = acme.patch(f"{PATH}/acme?confirm=true", {"values": values}).json()
    stored = [row("on", "true", "boolean"), row("page", "<p>Hi</p>\n", "html")]
    assert answer["values"] == stored
    assert acme.get(f"{PATH}/acme").json()["values"] == stored
    assert exported(acme) == {
        "syteops_acme_svs_on": "true",
        "syteops_acme_svs_page": "<p>Hi</p>\n",
    }


def test_the_acronym_stays(acme: Api) -> None:
    refused = acme.patch(f"{PATH}/acme", {"acronym": "corp"})
    assert refused.json()["errors"][0]["pointer"] == "#/acronym"
    assert acme.get(f"{PATH}/acme").status_code == 200


def test_without_values_they_stay_and_the_type_may_be_left_out(acme: Api) -> None:
    assert acme.patch(f"{PATH}/acme", {"name": "ACME"}).json()["values"][0] == row("color", "red")
    acme.patch(f"{PATH}/acme?confirm=true", {"values": [{"suffix": "color", "value": "blue"}]})
    assert exported(acme) == {"syteops_acme_svs_color": "blue"}


def test_a_long_text_keeps_its_lines(acme: Api) -> None:
    text = "  First\n\nSecond \n"
    acme.patch(f"{PATH}/acme?confirm=true", {"values": [row("about", text, "long_text")]})
    assert exported(acme) == {"syteops_acme_svs_about": text}


def test_a_change_is_undone_with_its_values(acme: Api) -> None:
    acme.patch(f"{PATH}/acme?confirm=true", {"values": []})
    assert exported(acme) == {}
    entry = AuditEntry.objects.get(event="variable_set.updated")
    assert acme.post(f"/audit/{entry.pk}/revert?confirm=true", {}).status_code == 200
    assert exported(acme) == {"syteops_acme_svs_color": "red", "syteops_acme_svs_size": "L"}


def test_many_sets_are_listed_with_few_queries(
    acme: Api, django_assert_max_num_queries: Any
) -> None:
    for number in range(20):
        values = [row(f"n{one}", "x") for one in range(5)]
        acme.post(PATH, {"name": "S", "acronym": f"set{number}", "values": values})
    with django_assert_max_num_queries(8):
        assert len(acme.get(PATH).json()["variable_sets"]) == 21


def test_the_values_of_all_sets_are_so_long_together(
    acme: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One answer lists them: a key that may write sets made that 120 MB longer each minute."""
    monkeypatch.setattr(services, "MOST_TOGETHER", 6)  # four are there
    other = {"name": "Other", "acronym": "other", "values": [row("one", "abc")]}

    refused = acme.post(PATH, other)
    assert (refused.status_code, refused.json()["code"]) == (409, "limit_reached")
    assert acme.get(f"{PATH}/other").status_code == 404
    assert acme.post(PATH, {**other, "values": [row("one", "ab")]}).status_code == 201
    longer = [row("color", "red"), row("size", "XL")]
    assert acme.patch(f"{PATH}/acme", {"values": longer}).status_code == 409

    monkeypatch.setattr(services, "MOST_TOGETHER", 1)  # what is there already can be less
    shorter = [row("color", "ed"), row("size", "L")]
    assert acme.patch(f"{PATH}/acme", {"values": shorter}).status_code == 200


def test_there_are_so_many_sets(acme: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """However few values they have: the list of more than 10,000 could be read no more."""
    monkeypatch.setattr(services, "MOST_SETS", 1)
    refused = acme.post(PATH, {"name": "Other", "acronym": "other"})
    assert (refused.status_code, refused.json()["code"]) == (409, "limit_reached")
    assert acme.patch(f"{PATH}/acme", {"name": "Acme 2"}).status_code == 200


def test_all_sets_have_so_many_values(acme: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one letter each there could be two millions, which each comparison derives."""
    monkeypatch.setattr(services, "MOST_VALUES", 3)  # two are there
    other = {"name": "Other", "acronym": "other", "values": [row("one", "a"), row("two", "b")]}
    refused = acme.post(PATH, other)
    assert (refused.status_code, refused.json()["code"]) == (409, "limit_reached")
    assert acme.post(PATH, {**other, "values": [row("one", "a")]}).status_code == 201
    monkeypatch.setattr(services, "MOST_VALUES", 1)  # what is there already can be changed
    assert acme.patch(f"{PATH}/other", {"values": [row("one", "c")]}).status_code == 200
