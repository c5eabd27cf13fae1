"""The whole document, and the JSON Schemas that the manifest reads from it.

They cannot disagree with the document: they are parts of it.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any

from django.conf import settings
from drf_spectacular.generators import SchemaGenerator

from manage_api.errors import JSON_TYPE
from manage_api.openapi import parts, tags
from manage_api.openapi.components import complete_components
from manage_api.openapi.fields import example_of, request_of
from manage_api.openapi.parts import Json
from manage_api.views import ApiView
from manage_api.whoami import NowhereView
from syteops.core.identifiers import ROW_ID
from syteops.lib.paths import API_ROOT, is_dry_run


def only_manage_api(endpoints: list[Any], **kwargs: Any) -> list[Any]:
    """The document is about the Manage API, and nothing else that has a view.

    Of the dry runs' addresses it shows those of writes.
    """
    return [one for one in endpoints if _is_shown(one)]


def _is_shown(endpoint: tuple[str, str, str, Any]) -> bool:
    path, _, method, view = endpoint
    if not issubclass(view.cls, ApiView) or issubclass(view.cls, NowhereView):
        return False
    if is_dry_run(path):
        one = view.cls.operations.get(view.actions.get(method.lower()))
        return one is not None and one.writes
    return path.startswith(f"{API_ROOT}/")  # of the root's two forms this one


def finish_document(result: Json, **kwargs: Any) -> Json:
    """Add what all operations share, and what is derived from the finished schemas."""
    result["info"]["description"] = parts.INFO
    groups = [*(one._asdict() for one in tags.all_tags()), *result.get("tags", ())]
    result["tags"] = sorted(groups, key=lambda one: one["name"])
    components = result["components"]
    components |= {"headers": parts.HEADERS, "responses": parts.problem_responses()}
    complete_components(result)
    for described in _operations_in(result):
        answers = described["responses"]
        asked, told = described.get("requestBody", {}), success_of(answers)
        for holder, example in ((asked, request_of), (told, example_of)):
            if media := holder.get("content", {}).get(JSON_TYPE):
                media["example"] = example(_inlined(media["schema"], components["schemas"]))
    return result


def success_of(answers: Json) -> Json:
    """What is answered when all goes well."""
    found: Json = next(answers[status] for status in ("200", "201", "202") if status in answers)
    return found


def _operations_in(result: Json) -> Iterable[Json]:
    return (described for item in result["paths"].values() for described in item.values())


@cache
def document() -> Json:
    """The whole document; built once per process."""
    built: Json = SchemaGenerator().get_schema(request=None, public=True)
    return built


def fetched_from(built: Json, site: str) -> Json:
    """The document with addresses of `site`, unless SITE_URL has said another one."""
    if settings.SITE_URL:
        return built
    [server] = built["servers"]
    contact = {**built["info"]["contact"], "url": f"{site}admin/"}
    return {
        **built,
        "servers": [{**server, "url": site.rstrip("/")}],
        "info": {**built["info"], "contact": contact},
        "externalDocs": {
            "description": "The same to read and to try.",
            "url": f"{site.rstrip('/')}{API_ROOT}/docs",
        },
    }


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
        params[one["name"]] = {**_in_json(one, components), **shown}
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


def _in_json(parameter: Json, components: Json) -> Json:
    """A path or query parameter as dispatch takes it: a row id also as text."""
    schema: Json = _inlined(parameter["schema"], components)
    if parameter["in"] != "path" or schema["type"] != "integer":
        return schema
    return {**schema, "type": ["string", "integer"], "pattern": ROW_ID}


_SHAPE = ("type", "properties", "required", "additionalProperties", "description")


def _returned(described: Json) -> Json:
    responses = described["responses"]
    content = success_of(responses)["content"]
    schema = content[JSON_TYPE]["schema"]
    if len(content) > 1:  # a document is a string of text in an envelope
        schema = {"oneOf": [schema, {"type": "string"}]}
    returned: Json = inlined(schema)
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
