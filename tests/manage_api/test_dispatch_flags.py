"""Consent and dry run through dispatch: at the top level, or inside `params` as older tools do."""

from typing import Any

import pytest

from tests.fixtures import Api
from tests.manage_api.stored import changes_recorded, stored

DELETE: tuple[str, dict[str, Any]] = ("crm.delete", {"crm_num": "001"})
WRITES: list[tuple[str, dict[str, Any]]] = [
    ("crm.create", {"name": "Zoho"}),
    ("crm.update", {"crm_num": "001", "name": "Zoho"}),
    ("crm.set_secret", {"crm_num": "001", "api_key": "new-key-5678"}),
    ("crm.bulk", {"items": [{"action": "create", "params": {"name": "Zoho"}}]}),
    DELETE,
]


@pytest.fixture(autouse=True)
def _one_system(api: Api) -> None:
    api.post("/crm-systems", {"name": "HubSpot"})


@pytest.mark.parametrize(("operation", "params"), WRITES)
@pytest.mark.parametrize("outside", [{}, {"dry_run": False}, {"confirm": True}])
def test_a_dry_run_asked_for_inside_params_stores_nothing(
    api: Api, operation: str, params: dict[str, Any], outside: dict[str, bool]
) -> None:
    before, recorded = stored(), changes_recorded()

    answer = api.dispatch(operation, {**params, "dry_run": True}, **outside)

    assert answer.json()["dry_run"] is True, answer.content
    assert answer.json()["changed"] is True
    assert (stored(), changes_recorded()) == (before, recorded)


def test_a_dry_run_at_the_top_level_is_not_called_off_inside_params(api: Api) -> None:
    before = stored()

    answer = api.dispatch("crm.create", {"name": "Zoho", "dry_run": False}, dry_run=True)

    assert answer.json()["dry_run"] is True
    assert stored() == before


@pytest.mark.parametrize("inside", [True, None])
@pytest.mark.parametrize("outside", [True, None])
def test_consent_counts_in_either_place(
    api: Api, inside: bool | None, outside: bool | None
) -> None:
    operation, params = DELETE
    before = stored()
    flags = {"confirm": outside} if outside else {}

    answer = api.dispatch(operation, {**params, **({"confirm": inside} if inside else {})}, **flags)

    if inside or outside:
        assert answer.json()["data"] == {"crm_num": "001", "deleted": True}
        assert api.get("/crm-systems/001").status_code == 404
    else:
        assert (answer.status_code, answer.json()["code"]) == (428, "confirmation_required")
        assert stored() == before


def test_consent_withheld_in_both_places_is_none(api: Api) -> None:
    operation, params = DELETE
    before = stored()

    answer = api.dispatch(operation, {**params, "confirm": False}, confirm=False)

    assert answer.status_code == 428
    assert stored() == before


@pytest.mark.parametrize("flag", ["confirm", "dry_run"])
@pytest.mark.parametrize("wrong", ["true", 1, None, [], {}])
def test_a_flag_that_is_no_boolean_is_refused_where_it_stands(
    api: Api, flag: str, wrong: Any
) -> None:
    """Taken for false, it would turn a dry run into a write; for true, a no into a consent."""
    before = stored()

    inside = api.dispatch("crm.create", {"name": "Zoho", flag: wrong})
    outside = api.dispatch("crm.create", {"name": "Zoho"}, **{flag: wrong})

    for answer, pointer in ((inside, f"#/params/{flag}"), (outside, f"#/{flag}")):
        assert (answer.status_code, answer.json()["code"]) == (400, "validation_error")
        assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]
    assert stored() == before


@pytest.mark.parametrize("flag", ["confirm", "dry_run"])
def test_a_flag_in_the_query_string_of_a_post_is_refused_and_not_ignored(
    api: Api, flag: str
) -> None:
    """Ignored, a `dry_run` there would be a real write."""
    before = stored()
    operation, params = DELETE
    resource, action = operation.split(".")
    body = {"resource": resource, "action": action, "params": params, "confirm": True}

    answer = api.post(f"/dispatch?{flag}=true", body)

    assert (answer.status_code, answer.json()["code"]) == (400, "validation_error")
    assert stored() == before


def test_a_get_writes_nothing_whatever_consent_it_carries(api: Api) -> None:
    """Links are followed by prefetchers and crawlers."""
    before = stored()

    answer = api.get("/dispatch?resource=crm&action=delete&crm_num=001&confirm=true")

    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "POST"
    assert stored() == before


def test_rest_takes_only_the_words_true_and_false(api: Api) -> None:
    before = stored()

    for query in ("confirm=1", "confirm=True", "confirm=yes", "confirm=", "dry_run=1&confirm=true"):
        answer = api.delete(f"/crm-systems/001?{query}")
        assert (answer.status_code, answer.json()["code"]) == (400, "validation_error"), query
    assert api.delete("/crm-systems/001?confirm=false").status_code == 428
    assert stored() == before


def test_a_flag_in_the_body_of_a_rest_write_is_refused_and_not_ignored(api: Api) -> None:
    """There it goes into the query string; a tool that mixes the two forms up must hear of it."""
    before = stored()

    answer = api.post("/crm-systems", {"name": "Zoho", "dry_run": True})

    assert [one["pointer"] for one in answer.json()["errors"]] == ["#/dry_run"]
    assert stored() == before
