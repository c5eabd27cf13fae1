"""The compact manifest fits into a prompt, and whoever has nothing else can make every call."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from jsonschema import Draft202012Validator

from manage_api.openapi.document import inlined, operation_schemas
from manage_api.openapi.parts import ref
from manage_api.operations import Operation, all_operations, find
from tests.each import each
from tests.fixtures import Api
from tests.samples import all_samples

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("generous_budgets")]

FITS = 25_000
FORMS = ("summary", "compact", "full")
every = each("operation", all_operations())


def manifest(api: Api, query: str = "") -> Any:
    answer = api.get(f"/manifest{query}")
    assert answer.status_code == 200, answer.content
    return answer.json()


@pytest.fixture
def shown(api: Api) -> Any:
    """The manifest of whoever may do everything."""
    return manifest(api)


def entry_of(shown: Any, operation: Operation) -> Any:
    named = operation.resource, operation.action
    return next(one for one in shown["data"] if (one["resource"], one["action"]) == named)


def params_of(shown: Any, operation: Operation) -> Any:
    """What the entry says that goes in, in one schema that takes nothing else."""
    said = entry_of(shown, operation).get("params", {})
    return {**said, "schemas": shown["schemas"], "unevaluatedProperties": False}


def properties_of(shown: Any, operation: Operation) -> Any:
    said = params_of(shown, operation)
    shared = shown["schemas"].get(said.get("$ref", "").rpartition("/")[2], {})
    return {**shared.get("properties", {}), **said.get("properties", {})}


# --- It is small, and it says enough ---------------------------------------------------------


def test_it_fits_into_a_prompt(api: Api) -> None:
    body = api.get("/manifest").content

    assert len(body) < FITS
    assert len(body) * 8 < len(api.get("/manifest?fields=full").content)


@every
def test_whoever_has_nothing_else_can_make_the_call(
    api: Api, shown: Any, operation: Operation
) -> None:
    sample = all_samples()[operation.name]()
    entry = entry_of(shown, operation)
    method, path = entry["route"].split(" ")
    Draft202012Validator(params_of(shown, operation)).validate(sample.params)
    for name, value in sample.path.items():
        path = path.replace(f"{{{name}}}", value)
    in_body = method not in ("GET", "DELETE")
    query = {**({} if in_body else sample.params), **({"confirm": True} if destroys(entry) else {})}
    address = f"{shown['base_path']}{path}?{urlencode(query).replace('True', 'true')}"

    answer = api.call(method, address, sample.params if in_body else None)

    assert answer.status_code in (200, 201, 202), answer.content


def destroys(entry: Any) -> bool:
    return "destructive" in entry or entry["action"] == "bulk"


@every
def test_what_an_operation_does_not_take_is_not_in_it(shown: Any, operation: Operation) -> None:
    said = params_of(shown, operation)

    assert not Draft202012Validator(said).is_valid({"no_such_field": 1})


@every
def test_it_says_the_same_as_the_full_form(shown: Any, operation: Operation) -> None:
    params = operation_schemas(operation.name)[0]
    beyond = {n: s for n, s in params["properties"].items() if n not in operation.path_params}
    entry = entry_of(shown, operation)

    assert all(f"{{{name}}}" in entry["route"] for name in operation.path_params)
    assert entry["route"] == f"{operation.method} {operation.path}"
    assert entry.get("destructive", False) == operation.destructive
    assert entry.get("secret_keys", []) == operation.secret_keys
    assert entry.get("capability", usual_scope(entry)) == operation.scope
    if operation.action != "bulk":
        assert {*entry.get("params", {}).get("required", ())} == {*params["required"]} & {*beyond}
        assert essence(properties_of(shown, operation)) == essence(beyond)


def usual_scope(entry: Any) -> str:
    """As `about` tells it."""
    method = entry["route"].split(" ")[0]
    return f"{entry['resource']}:{ {'GET': 'read', 'DELETE': 'delete'}.get(method, 'write') }"


def essence(properties: Any) -> Any:
    return {name: dict(_essence(schema)) for name, schema in properties.items()}


def _essence(schema: Any) -> Iterator[tuple[str, Any]]:
    if "properties" not in schema:
        yield "type", schema.get("type", "string")  # as `about` tells it
    if "required" in schema:
        yield "required", schema["required"]
    if "enum" in schema:  # an order downwards goes without saying
        yield "enum", [one for one in schema["enum"] if not str(one).startswith("-")]
    if "items" in schema or schema.get("type") == "array":
        yield "items", dict(_essence(schema.get("items", {})))  # as `about` tells it
    if "properties" in schema:
        yield "properties", essence(schema["properties"])


BULKS = [one for one in all_operations() if one.action == "bulk"]


@each("bulk", BULKS)
def test_an_item_of_a_bulk_takes_what_its_action_takes(shown: Any, bulk: Operation) -> None:
    for item in all_samples()[bulk.name]().params["items"]:
        one = find(bulk.resource, item["action"])
        assert one is not None
        beyond = {n: v for n, v in item["params"].items() if n not in one.path_params}
        Draft202012Validator(params_of(shown, one)).validate(beyond)


def test_it_has_the_schemas_that_it_refers_to_and_no_others(api: Api) -> None:
    for query in ("", "?resource=crm", "?resource=status", "?resource=crm,notes_items"):
        shown = manifest(api, query)
        referred = {one.get("params", {}).get("$ref") for one in shown["data"]} - {None}
        assert {f"#/schemas/{name}" for name in shown["schemas"]} == referred


# --- What is asked for -----------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
def test_every_form_lists_the_same(api: Api, form: str) -> None:
    names = [
        f"{one['resource']}.{one['action']}" for one in manifest(api, f"?fields={form}")["data"]
    ]
    assert names == [one.name for one in all_operations()]


@pytest.mark.parametrize("form", FORMS)
def test_each_form_is_as_the_api_description_says(api: Api, form: str) -> None:
    said = inlined(ref("schemas", "Manifest"))
    Draft202012Validator(said).validate(manifest(api, f"?fields={form}"))


def test_a_summary_says_what_there_is_and_no_more(api: Api) -> None:
    shown = manifest(api, "?fields=summary&resource=status")
    assert shown == {
        "ok": True,
        "data": [
            {
                "resource": "status",
                "action": "get",
                "summary": "Read the site's status",
                "capability": "status:read",
            }
        ],
    }


@pytest.mark.parametrize("form", FORMS)
def test_it_shows_the_resources_asked_for(api: Api, form: str) -> None:
    whole = manifest(api, f"?fields={form}")["data"]
    for asked in (["crm"], ["crm", "users"], ["users", "crm"]):
        part = manifest(api, f"?fields={form}&resource={','.join(asked)}")["data"]
        assert part == [one for one in whole if one["resource"] in asked]


def test_of_a_resource_without_rights_it_shows_nothing(make_key: Any) -> None:
    key = Api(make_key("crm:read"))
    assert manifest(key, "?resource=users")["data"] == []
    assert {one["action"] for one in manifest(key, "?resource=crm")["data"]} == {"list", "get"}


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("fields=everything", "fields"),
        ("fields=", "fields"),
        ("fields=full&fields=full", "fields"),
        ("resource=crms", "resource"),
        ("resource=crm,", "resource"),
        ("resource=crm,%20users", "resource"),
        ("resource=", "resource"),
        (f"resource={'x' * 5000}", "resource"),  # not told in full, either
        ("field=full", "field"),
    ],
)
def test_what_it_does_not_know_is_refused(api: Api, query: str, name: str) -> None:
    answer = api.get(f"/manifest?{query}")

    assert (answer.status_code, answer.json()["code"]) == (400, "validation_error")
    assert [one["pointer"] for one in answer.json()["errors"]] == [f"#/{name}"]
    assert len(answer.content) < 1000


# --- ETags -----------------------------------------------------------------------------------


def test_whoever_has_a_form_of_it_is_not_sent_it_again(api: Api) -> None:
    queries = [f"?fields={form}" for form in FORMS] + ["?resource=crm", "?resource=crm,users"]
    tags = {query: api.get(f"/manifest{query}").headers["ETag"] for query in queries}

    assert len({*tags.values()}) == len(queries)
    for query in queries:
        for other in queries:
            answer = api.get(f"/manifest{query}", If_None_Match=tags[other])
            assert answer.status_code == (304 if other == query else 200)
            assert bool(answer.content) == (other != query)
            assert answer.headers["ETag"] == tags[query]


def test_its_etag_changes_with_what_the_caller_may(api: Api, make_key: Any) -> None:
    tag = api.get("/manifest").headers["ETag"]
    answer = Api(make_key("crm:read")).get("/manifest", If_None_Match=tag)
    assert answer.status_code == 200
