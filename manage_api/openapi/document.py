"""The whole document, and the JSON Schemas that the manifest reads from it.

They cannot disagree with the document: they are parts of it.
"""

from collections.abc import Iterable
from functools import cache
from inspect import getdoc
from typing import Any

from drf_spectacular.generators import SchemaGenerator

from manage_api.bulk import ACTIONS as BULK_ACTIONS
from manage_api.bulk import MAX_ITEMS
from manage_api.openapi import parts
from manage_api.openapi.fields import example_of
from manage_api.openapi.parts import JSON_TYPE, Json
from manage_api.operations import all_operations, find
from manage_api.serializers import StrictModelSerializer, StrictSerializer
from manage_api.views import API_ROOT, ApiView
from manage_api.whoami import NowhereView
from syteops.core.identifiers import ROW_ID


def only_manage_api(endpoints: list[Any], **kwargs: Any) -> list[Any]:
    """The document is about the Manage API, and nothing else that has a view."""
    return [
        one
        for one in endpoints
        if one[0].startswith(API_ROOT) and issubclass(one[3].cls, ApiView)
        and not issubclass(one[3].cls, NowhereView)
    ]  # fmt: skip


def finish_document(result: Json, **kwargs: Any) -> Json:
    """Add what all operations share, and what is derived from the finished schemas."""
    result["info"]["description"] = parts.INFO
    components = result["components"]
    components["schemas"] |= parts.SCHEMAS
    components |= {"headers": parts.HEADERS, "responses": parts.problem_responses()}
    inherited = {getdoc(one) for one in (StrictSerializer, StrictModelSerializer)}
    for component in components["schemas"].values():
        if component.get("description") in inherited:
            del component["description"]
    _describe_bulk_items(result)
    for described in _operations_in(result):
        answers = described["responses"]
        for holder in (described.get("requestBody", {}), answers.get("201", answers["200"])):
            if media := holder.get("content", {}).get(JSON_TYPE):
                media["example"] = example_of(_inlined(media["schema"], components["schemas"]))
    return result


def _describe_bulk_items(result: Json) -> None:
    """An item of a bulk takes what the operation of its action takes."""
    components = result["components"]["schemas"]
    by_id = {one["operationId"]: one for one in _operations_in(result)}
    for bulk in (one for one in all_operations() if one.action == "bulk"):
        singles = [find(bulk.resource, action) for action in BULK_ACTIONS]
        params = {
            one.action: _params(by_id[parts.operation_id(one)], components)
            for one in singles
            if one
        }
        media = by_id[parts.operation_id(bulk)]["requestBody"]["content"][JSON_TYPE]
        media["schema"] = parts.bulk_of(params, MAX_ITEMS)
    for name in ("BulkInputRequest", "BulkItemInputRequest"):
        components.pop(name, None)


def _operations_in(result: Json) -> Iterable[Json]:
    return (described for item in result["paths"].values() for described in item.values())


@cache
def document() -> Json:
    """The whole document; built once per process."""
    built: Json = SchemaGenerator().get_schema(request=None, public=True)
    return built


@cache
def operation_schemas(name: str) -> tuple[Json, Json]:
    """The JSON Schemas of an operation's params (path, query and body in one) and of its data."""
    wanted = name.replace(".", "_")
    described = next(o for o in _operations_in(document()) if o["operationId"] == wanted)
    return _params(described, document()["components"]["schemas"]), _returned(described)


def _params(described: Json, components: Json) -> Json:
    params: Json = {}
    required: list[str] = []
    rules: Json = {}
    for one in described.get("parameters", []):
        if one["in"] == "header" or one["name"] in ("confirm", "dry_run"):
            continue
        shown = {"description": one["description"]} if "description" in one else {}
        params[one["name"]] = {**_in_json(_inlined(one["schema"], components)), **shown}
        required += [one["name"]] if one.get("required") else []
    body = described.get("requestBody", {}).get("content", {}).get(JSON_TYPE)
    if body:
        schema = _inlined(body["schema"], components)
        rules = {name: rule for name, rule in schema.items() if name not in _SHAPE}
        if "minProperties" in rules:  # said of the body alone
            rules["minProperties"] += len(params)
        params |= schema.get("properties", {})
        required += schema.get("required", [])
    shape = {"type": "object", "properties": params, "additionalProperties": False}
    return {**shape, "required": required, **rules}


def _in_json(schema: Json) -> Json:
    """A path or query parameter as dispatch takes it: a row id also as a number."""
    if schema.get("pattern") != ROW_ID:
        return schema
    return {**schema, "type": ["string", "integer"], "minimum": 1, "maximum": 10**18 - 1}


_SHAPE = ("type", "properties", "required", "additionalProperties", "description")


def _returned(described: Json) -> Json:
    responses = described["responses"]
    content = (responses.get("201") or responses["200"])["content"]
    schema = content[JSON_TYPE]["schema"]
    if len(content) > 1:  # a document is a string of text in an envelope
        schema = {"oneOf": [schema, {"type": "string"}]}
    returned: Json = inlined(schema["anyOf"][0] if "anyOf" in schema else schema)
    return returned


def inlined(schema: Any) -> Any:
    """`schema` with every reference replaced by what it refers to."""
    return _inlined(schema, document()["components"]["schemas"])


def _inlined(schema: Any, components: Json) -> Any:
    if isinstance(schema, list):
        return [_inlined(one, components) for one in schema]
    if not isinstance(schema, dict):
        return schema
    shown = {name: _inlined(one, components) for name, one in schema.items() if name != "$ref"}
    if "$ref" in schema:
        target = components[schema["$ref"].rpartition("/")[2]]
        return {**_inlined(target, components), **shown}
    return shown
