"""The main ways to use the API, step by step, as an Arazzo document (1.0).

Derived from the operations: whatever can be created, read, changed and deleted has the same ways.
Each leaves the site as it was, and sends the examples of the OpenAPI document.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from manage_api.errors import JSON_TYPE
from manage_api.openapi import tags
from manage_api.openapi.document import document
from manage_api.openapi.parts import Json, dry_run_id, operation_id
from manage_api.operations import Operation, all_operations, find
from syteops.lib.paths import API_ROOT

ROTATES = "rotate_secret"
_LIFE = ("list", "create", "get", "update", "delete")
_KEY: Json = {"type": "string", "format": "password", "description": "A key of this site."}
_ABOUT = """\
Each workflow takes a `key` that has the scopes of its steps, sends examples, and deletes at the end
what it has made.
"""


def workflow_document(schema_address: str) -> Json:
    """The whole document; the OpenAPI document is at `schema_address`, an absolute one."""
    source = {"name": "manage", "url": schema_address, "type": "openapi"}
    return {**_document(), "sourceDescriptions": [source]}


@cache
def _document() -> Json:
    described = document()
    return {
        "arazzo": "1.0.1",
        "info": {
            "title": f"{described['info']['title']}: workflows",
            "version": described["info"]["version"],
            "description": _ABOUT,
        },
        "workflows": list(_workflows()),
        "components": {
            "inputs": {
                "caller": {"type": "object", "properties": {"key": _KEY}, "required": ["key"]}
            },
            "parameters": {"key": {"name": "X-API-Key", "in": "header", "value": "$inputs.key"}},
        },
    }


def _workflows() -> Iterator[Json]:
    for created in (one for one in all_operations() if one.action == "create"):
        life: dict[str, Any] = {action: find(created.resource, action) for action in _LIFE}
        if all(life.values()):
            yield _delete_by_consent(**life)
            if _text_in(_example(life["update"])):
                yield _change_safely(**life)
        if rotation := find(created.resource, ROTATES):
            yield _rotate(rotation, **life)


def _delete_by_consent(list: Any, create: Any, delete: Any, **life: Any) -> Json:
    impact = {"impact": "$response.body#/impact"}
    steps = [
        _step(list),
        _creation(create),
        _step(delete, "refused", "It says what would go; nothing is deleted.", 428, outputs=impact),
        _deletion(delete),
    ]
    return _workflow(create, "delete", "add one, and delete it by consent to what would go", steps)


def _change_safely(create: Any, get: Any, update: Any, delete: Any, **life: Any) -> Json:
    current = [{"name": "If-Match", "in": "header", "value": "$steps.get.outputs.etag"}]
    steps = [
        _creation(create),
        _step(get, outputs={"etag": "$response.header.ETag"}),
        _step(update, "try", "What would change; nothing is stored.", tries=True),
        _step(update, parameters=current),
        _step(update, "stale", "Refused: it is not what was read.", 412, parameters=current),
        _deletion(delete),
    ]
    return _workflow(create, "update", "try a change, and make it if nobody was faster", steps)


def _rotate(rotation: Operation, create: Any, delete: Any, **life: Any) -> Json:
    steps = [_creation(create), _step(rotation, about=rotation.description), _deletion(delete)]
    return _workflow(create, ROTATES, "rotate a secret, while the old one still works", steps)


def _workflow(created: Operation, name: str, summary: str, steps: list[Json]) -> Json:
    return {
        "workflowId": f"{created.resource}_{name}",
        "summary": f"{tags.of_operation(created).name}: {summary}",
        "inputs": {"$ref": "#/components/inputs/caller"},
        "parameters": [{"reference": "$components.parameters.key"}],
        "steps": steps,
    }


def _creation(one: Operation) -> Json:
    return _step(one, outputs={"id": f"$response.body#/{one.viewset.lookup_name()}"})


def _deletion(one: Operation) -> Json:
    consent = [{"name": "confirm", "in": "query", "value": True}]
    return _step(one, about="With consent.", parameters=consent)


def _step(
    one: Operation,
    name: str = "",
    about: str = "",
    status: int = 0,
    *,
    tries: bool = False,
    parameters: Sequence[Json] = (),
    **more: Json,
) -> Json:
    path = [
        {"name": name, "in": "path", "value": "$steps.create.outputs.id"}
        for name in one.path_params
    ]
    wanted = status or (200 if tries else one.status)
    step = {
        "stepId": name or one.action,
        "description": f"{one.summary}. {about}".rstrip(),
        "operationId": dry_run_id(one) if tries else operation_id(one),
        "parameters": [*path, *parameters],
        "requestBody": _body(one),
        "successCriteria": [{"condition": f"$statusCode == {wanted}"}],
        **more,
    }
    return {word: said for word, said in step.items() if said}


def _body(one: Operation) -> Json:
    example = _example(one)
    if example is None:
        return {}
    payload = {**example}
    if one.action == "update":  # to what it is already, it would be no change
        payload[_text_in(payload)] += " 2"
    return {"contentType": JSON_TYPE, "payload": payload}


def _example(one: Operation) -> Json | None:
    """The body that the description shows; None where the operation takes none."""
    described = document()["paths"][f"{API_ROOT}{one.path}"][one.method.lower()]
    content = described.get("requestBody", {}).get("content", {})
    shown: Json | None = content.get(JSON_TYPE, {}).get("example")
    return shown


def _text_in(payload: Json | None) -> str:
    """The name of the first text in a body; "" where it has none."""
    return next((name for name, value in (payload or {}).items() if isinstance(value, str)), "")
