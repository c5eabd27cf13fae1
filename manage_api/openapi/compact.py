"""The operations in few words, for a prompt: what no other part of the manifest says.

Schemas have names, types, formats, choices and what is required. What `create` and `update` of a
resource take alike, what pages of lists take, and what an action of several resources takes, is
described once. `ABOUT` tells what goes without saying. The full form has lengths, patterns and what
comes back.
"""

import re
from collections.abc import Iterable
from functools import cache

from manage_api.bulk import ACTIONS as BULK_ACTIONS
from manage_api.openapi.document import operation_schemas
from manage_api.openapi.parts import Json
from manage_api.operations import Operation, access_by_method, all_operations

ABOUT = (
    "Call `route` below `base_path` (params of GET and DELETE in the query, of others in a JSON "
    "body) or POST /dispatch {resource, action, params}. Names in braces are required params, too, "
    "written as answers show them; nothing else is taken. Without a type a param is a string, "
    "without `items` an array has strings. `destructive` needs confirm=true, every write takes "
    "dry_run=true: in the query, or beside `params`. `-` before an `ordering` reverses it. "
    "`capability`, if left out: resource:read for GET, :delete for DELETE, else :write. "
    "fields=full tells limits and what comes back."
)
"""What goes without saying in the compact form; for whoever has nothing but that."""

_REFERENCE = "#/schemas/"
_WORDS = {"type", "enum", "items", "required"}
_FORMATS = {"date", "date-time", "decimal"}
_LONGEST = 80
_TELLS_A_FORM = re.compile(r"[Ss]uch as|`|Numbers? of")
_BULK: Json = {
    "properties": {
        "items": {
            "type": "array",
            "items": {
                "properties": {
                    "action": {"type": "string", "enum": [*BULK_ACTIONS]},
                    "params": {
                        "type": "object",
                        "description": "What that action of the resource takes.",
                    },
                },
                "required": ["action", "params"],
            },
        }
    },
    "required": ["items"],
}


@cache
def compact_entry(one: Operation) -> Json:
    """What the compact manifest shows of an operation."""
    entry: Json = {
        "resource": one.resource,
        "action": one.action,
        "summary": one.summary,
        "route": f"{one.method} {one.path}",
    }
    if one.access is not access_by_method(one.method):
        entry["capability"] = one.scope
    if one.destructive:
        entry["destructive"] = True
    if one.secret_keys:
        entry["secret_keys"] = one.secret_keys
    if params := _referring(one):
        entry["params"] = params
    return entry


def schemas_of(entries: Iterable[Json]) -> Json:
    """The shared schemas that these entries refer to."""
    named = (entry.get("params", {}).get("$ref", "") for entry in entries)
    names = {reference.removeprefix(_REFERENCE) for reference in named if reference}
    return {name: schema for name, schema in _shared().items() if name in names}


def _referring(one: Operation) -> Json:
    """What the operation takes, by reference where another takes the same."""
    if one.action == "bulk":
        return {"$ref": f"{_REFERENCE}Bulk"}
    params = _params(one)
    name = _name_of_shared(one)
    shared = _shared().get(name, {}).get("properties", {})
    if shared and shared.items() <= params["properties"].items():
        rest = {n: s for n, s in params["properties"].items() if n not in shared}
        params = {"$ref": f"{_REFERENCE}{name}", **params, "properties": rest}
    return {word: said for word, said in params.items() if said}


@cache
def _shared() -> Json:
    """What more than one operation takes, by its name."""
    groups: dict[str, list[Operation]] = {}
    for one in all_operations():
        groups.setdefault(_name_of_shared(one), []).append(one)
    alike = {name: group for name, group in groups.items() if len(group) > 1}
    common = {name: _common(group) for name, group in alike.items()}
    return {"Bulk": _BULK, **{n: {"properties": taken} for n, taken in common.items() if taken}}


def _name_of_shared(one: Operation) -> str:
    if "page" in _params(one)["properties"]:
        return "Page"
    return one.resource if one.action in ("create", "update") else one.action


def _common(operations: Iterable[Operation]) -> Json:
    """The parameters that all of them take alike."""
    first, *others = (_params(one)["properties"] for one in operations)
    return {n: s for n, s in first.items() if all(other.get(n) == s for other in others)}


@cache
def _params(one: Operation) -> Json:
    """What the operation takes beside the names in its path."""
    taken = operation_schemas(one.name)[0]
    properties = {n: s for n, s in taken["properties"].items() if n not in one.path_params}
    required = [name for name in taken["required"] if name in properties]
    return {"properties": _each(properties), "required": required}


def _each(properties: Json) -> Json:
    return {name: _compact(schema) for name, schema in properties.items()}


def _compact(schema: Json) -> Json:
    shown = {word: said for word, said in schema.items() if word in _WORDS}
    if shown.get("type") == "string":
        del shown["type"]
    if schema.get("format") in _FORMATS:
        shown["format"] = schema["format"]
    if "items" in schema:
        shown["items"] = _compact(schema["items"])
        if not shown["items"]:
            del shown["items"]
    if "enum" in schema:
        shown["enum"] = [one for one in schema["enum"] if not str(one).startswith("-")]
    if "properties" in schema:
        shown["properties"] = _each(schema["properties"])
    if told := _form_told(schema.get("description", "")):
        shown["description"] = told
    return shown


def _form_told(description: str) -> str:
    """The sentences that say how a value looks: a name says the rest."""
    sentences = re.split(r"(?<=\.) ", description)
    return " ".join(s for s in sentences if _TELLS_A_FORM.search(s) and len(s) <= _LONGEST)
