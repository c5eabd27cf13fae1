"""The statuses that the document promises are exactly those that an operation can answer."""

from typing import Any

from manage_api.openapi.document import document
from manage_api.operations import Operation, all_operations, find
from tests.each import each
from tests.fixtures import Api

ALWAYS = {"400", "401", "403", "405", "406", "429", "500", "503"}
WRITES = {"404", "409", "412", "422"}
BODIES = {"408", "413", "415"}
BULKS = [one for one in all_operations() if one.action == "bulk"]


def promised(operation: Operation) -> set[str]:
    path = document()["paths"][f"/api/manage/v1{operation.path}"]
    return set(path[operation.method.lower()]["responses"])


def has_numbered_pages(operation: Operation) -> bool:
    form: Any = operation.input
    return form is not None and "page" in form().fields


@each("operation", all_operations())
def test_each_status_is_promised_exactly_where_it_can_come(operation: Operation) -> None:
    asks_for_consent = operation.may_ask
    names_something = bool(operation.path_params or operation.module)

    assert promised(operation) == (
        ALWAYS
        | {str(operation.status)}
        | (WRITES if operation.writes else {"304"})
        | (BODIES if operation.takes_body else set())
        | ({"413"} if has_numbered_pages(operation) else set())
        | ({"428"} if asks_for_consent else set())
        | ({"404"} if names_something else set())
    )


def test_there_are_bulks() -> None:
    assert {one.resource for one in BULKS} >= {"crm", "users", "notes_items"}


def test_a_bulk_that_deletes_does_ask_for_consent(api: Api) -> None:
    bulk = find("crm", "bulk")
    assert bulk is not None
    assert not bulk.destructive
    api.post("/crm-systems", {"name": "HubSpot"})

    item = {"action": "delete", "params": {"crm_num": "001"}}
    answer = api.post("/crm-systems/bulk", {"items": [item]})

    assert str(answer.status_code) == "428"
    assert "428" in promised(bulk)
