"""Every write once more below /dry-run: at an address at which nothing is ever stored."""

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from manage_api.openapi.document import document, inlined
from manage_api.operations import Operation, all_operations
from syteops.core import impacts
from tests.each import each
from tests.fixtures import API, Api
from tests.manage_api.faces import Answer, Rest, address
from tests.manage_api.stored import changes_recorded, stored
from tests.samples import Sample, all_samples

WRITES = [one for one in all_operations() if one.writes]
# What differs from call to call: fresh secrets, links, numbers that a rolled back row had.
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("generous_budgets")]


class Trying(Rest):
    """Calls the operation at the address of its dry run."""

    def call(  # type: ignore[override]
        self, api: Api, operation: Operation, sample: Sample
    ) -> Answer:
        below: Any = _Below(api)
        return super().call(below, operation, sample, confirm=False)


class _Below:
    def __init__(self, api: Api) -> None:
        self._api = api

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        return self._api.call(method, f"/dry-run{path}", body, **headers)


@each("operation", WRITES)
def test_it_stores_nothing_and_answers_what_is_described(
    operation: Operation, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = all_samples()[operation.name]()
    before, recorded = stored(), changes_recorded()

    answer = Trying().call(api, operation, sample)

    assert answer.status == 200, answer.body
    assert answer.body["dry_run"] is True
    assert answer.response.headers["SyteOps-Changed"] == "false"
    assert (stored(), changes_recorded()) == (before, recorded)
    described = document()["paths"][f"{API}/dry-run{operation.path}"][operation.method.lower()]
    schema = described["responses"]["200"]["content"]["application/json"]["schema"]
    Draft202012Validator(inlined(schema)).validate(answer.body)
    with monkeypatch.context() as patch:
        patch.setattr(impacts, "MOST_TOLD", 1)
        asked = Rest().call(api, operation, sample, dry_run=True)
    assert answer.body.keys() == asked.body.keys() - {"changes_count"}
    assert answer.body["changed"] == asked.body["changed"]
    told = {name: one for name, one in asked.body.items() if name != "data"}
    if operation.action != "bulk":  # of which each item has an impact of its own
        assert [one for one in lists_in(told) if len(one) > 1] == []


def lists_in(told: Any) -> Iterator[list[Any]]:
    """Every list in an answer, however deep."""
    if isinstance(told, list):
        yield told
    for one in told.values() if isinstance(told, dict) else told if isinstance(told, list) else ():
        yield from lists_in(one)


@pytest.mark.parametrize("flag", ["dry_run=false", "dry_run=true", "confirm=true"])
def test_no_flag_can_turn_it_into_a_write(api: Api, flag: str) -> None:
    before = stored()
    body = {"name": "HubSpot"}

    answer = api.post(f"/dry-run/crm-systems?{flag}", body)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == f"#/{flag.partition('=')[0]}"
    assert stored() == before


def test_a_read_has_none(api: Api) -> None:
    api.post("/crm-systems", {"name": "HubSpot"})
    for path in ("/crm-systems", "/crm-systems/001", "/variables/export"):
        answer = api.get(f"/dry-run{path}")
        assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
        assert "GET" not in answer.headers["Allow"]
        assert "HubSpot" not in answer.content.decode()


def test_it_needs_the_right_of_the_write(make_key: Any) -> None:
    reader = Api(make_key("crm:read"))
    for operation in (one for one in WRITES if one.resource == "crm"):
        path = address(operation, dict.fromkeys(operation.path_params, "001"))
        answer = reader.call(operation.method, f"/dry-run{path}", {})
        assert answer.json()["code"] == "insufficient_scope", operation.name
