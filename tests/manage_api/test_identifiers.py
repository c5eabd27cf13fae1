"""How dispatch and bulks name an object: ids that answers show as numbers come back as numbers."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from manage_api.openapi.document import operation_schemas
from manage_api.operations import Operation, all_operations
from notes.models import Note
from syteops.ai.serializers import AiSuggestionSerializer
from tests.each import each
from tests.fixtures import Api
from tests.manage_api.faces import FACES
from tests.manage_api.stored import changes_recorded
from tests.samples import Sample, all_samples
from tests.samples.notes import a_note

BY_ROW_ID = [
    one
    for one in all_operations()
    if any(one.viewset.path_param(name).is_row_id for name in one.path_params)
]
BY_OTHER_NAMES = [one for one in all_operations() if one.path_params and one not in BY_ROW_ID]
DISPATCH = FACES["dispatch"]

pytestmark = pytest.mark.django_db


def numbered(operation: Operation, number: Any = None) -> Sample:
    """A right call, its ids as numbers, or all as this number."""
    sample = all_samples()[operation.name]()
    row_ids = {n for n in sample.path if operation.viewset.path_param(n).is_row_id}
    ids = {
        n: int(text) if number is None else number
        for n, text in sample.path.items()
        if n in row_ids
    }
    return Sample(params={**sample.path, **sample.params, **ids})


@each("operation", BY_ROW_ID)
def test_a_row_id_may_be_the_number_that_answers_show(operation: Operation, api: Api) -> None:
    sample = numbered(operation)

    Draft202012Validator(operation_schemas(operation.name)[0]).validate(sample.params)
    answer = DISPATCH.call(api, operation, sample)

    assert answer.is_success, answer.body
    if operation.output is AiSuggestionSerializer or operation.action == "list_suggestions":
        return  # they are about the object
    is_same = answer.data["id"] == sample.params["id"]
    assert is_same == (operation.action not in ("copy", "revise"))  # which make another one


@pytest.mark.parametrize("operation", BY_ROW_ID, ids=lambda one: one.name)
@each("number", [999999, 0, -1, 10**18, 1e300])
def test_a_number_that_names_nothing_is_not_found(
    operation: Operation, api: Api, number: float
) -> None:
    answer = DISPATCH.call(api, operation, numbered(operation, number))

    assert (answer.status, answer.code) == (404, "not_found")


def test_json_has_one_kind_of_number(api: Api) -> None:
    note = a_note()

    assert api.dispatch("notes_items.get", {"id": float(note.pk)}).json()["data"]["id"] == note.pk


@each("operation", BY_OTHER_NAMES)
def test_any_other_name_is_a_text_and_the_answer_says_so(operation: Operation, api: Api) -> None:
    params, _ = operation_schemas(operation.name)
    name = operation.path_params[0]
    wrong = Sample(params={**dict.fromkeys(operation.path_params, "x"), name: 1})

    answer = DISPATCH.call(api, operation, wrong)

    assert params["properties"][name]["type"] == "string"
    assert (answer.status, answer.pointers()) == (400, [f"#/params/{name}"])
    assert answer.body["errors"][0]["detail"].startswith("Send it as text.")


def test_a_slot_number_is_asked_for_as_it_must_be_sent(api: Api) -> None:
    for name in ("crm.get", "users.get"):
        operation = next(one for one in BY_OTHER_NAMES if one.name == name)
        answer = DISPATCH.call(api, operation, Sample(params={operation.path_params[0]: 1}))
        assert '"001"' in answer.body["errors"][0]["detail"]


@pytest.mark.parametrize("number", ["1", "01", "001\n", "no such thing"])
def test_what_has_another_form_names_nothing_and_the_answer_says_so(api: Api, number: str) -> None:
    answer = api.dispatch("crm.get", {"crm_num": number})

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert answer.json()["detail"].startswith("Nothing is named so: crm_num has the form")


def test_an_item_of_a_bulk_is_named_by_either(api: Api) -> None:
    one, other = a_note(), a_note()
    items = [
        {"action": "update", "params": {"id": one.pk, "title": "New"}},
        {"action": "update", "params": {"id": str(other.pk), "title": "New"}},
    ]

    Draft202012Validator(operation_schemas("notes_items.bulk")[0]).validate({"items": items[:1]})
    assert api.post("/notes/bulk", {"items": items}).status_code == 200
    assert {note.title for note in Note.objects.all()} == {"New"}


def test_number_and_text_name_the_same_object_in_a_retry(api: Api) -> None:
    note = a_note()
    body = {"resource": "notes_items", "action": "update"}
    before = changes_recorded()

    for number in (note.pk, str(note.pk)):
        params = {"id": number, "title": "New"}
        answer = api.post("/dispatch", {**body, "params": params}, Idempotency_Key="once")
        assert answer.status_code == 200

    assert answer.headers["Idempotent-Replayed"] == "true"
    assert changes_recorded() == before + 1
