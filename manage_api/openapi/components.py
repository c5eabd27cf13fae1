"""What is made of the finished components: shared choices, bulks, dry runs, refusals.

Generators name classes by components, so there is one for everything that has a name.
"""

from collections.abc import Iterator
from typing import Any

from django.db.models import TextChoices

from manage_api.bulk import ACTIONS as BULK_ACTIONS
from manage_api.bulk import MAX_ITEMS
from manage_api.errors import JSON_TYPE
from manage_api.openapi import parts
from manage_api.openapi.fields import OR_BLANK
from manage_api.openapi.impacts import confirmations
from manage_api.openapi.parts import DRY_RUN_SUFFIX, Json, ref
from manage_api.operations import Operation, all_operations, find
from syteops.core import consequences


def complete_components(result: Json) -> None:
    """Add the components that no serializer describes, and drop those that nothing refers to."""
    schemas: Json = result["components"]["schemas"]
    schemas |= parts.SCHEMAS | confirmations(all_operations())
    schemas |= {parts.component_of(name): one for name, one in consequences.schemas().items()}
    _describe_bulks(result, schemas)
    for name in sorted(_referred(result)):
        if name.endswith(DRY_RUN_SUFFIX):
            returned = name.removesuffix(DRY_RUN_SUFFIX)
            data = ref("schemas", returned) if returned else {"type": "object"}
            schemas[name] = parts.dry_run_of(data)
    _share_choices(schemas)
    _share_addresses(schemas)
    for schema in _every_schema(result):
        _simplify(schema, schemas)
    while unused := {*schemas} - _referred(result):
        for name in unused:
            del schemas[name]


def _referred(node: Any) -> set[str]:
    """The names of the schemas that are referred to anywhere in `node`."""
    start = "#/components/schemas/"
    return {
        one["$ref"].removeprefix(start)
        for one in _every_schema(node)
        if str(one.get("$ref", "")).startswith(start)
    }


def _every_schema(node: Any) -> Iterator[Json]:
    """Every object of the document, whatever it is; examples are none of it."""
    left = [node]
    while left:
        match left.pop():
            case list() as several:
                left += several
            case dict() as one:
                yield one
                left += [inner for name, inner in one.items() if name not in _SAMPLES]


_SAMPLES = frozenset(("example", "examples", "default"))


# --- What many fields share ----------------------------------------------------------------


def _share_choices(schemas: Json) -> None:
    """Name each enum as the class of its choices."""
    named = {frozenset(one.values): one for one in _all_choices()}
    for owner in [*schemas.values()]:
        for schema in owner.get("properties", {}).values():
            place = schema.get("items", schema)
            one = named.get(frozenset(place.get("enum", ())))
            if one:
                schemas[one.__name__] = {"type": "string", "enum": [*one.values]}
                rest = {n: v for n, v in place.items() if n not in ("type", "enum")}
                place.clear()
                place.update(ref("schemas", one.__name__), **rest)


def _share_addresses(schemas: Json) -> None:
    """What may be an address or blank is described once."""
    for owner in [*schemas.values()]:
        for schema in owner.get("properties", {}).values():
            if shared := OR_BLANK.get(schema.get("format", "")):
                schemas[shared.component] = shared.schema
                rest = {n: v for n, v in schema.items() if n not in shared.schema}
                schema.clear()
                schema.update(ref("schemas", shared.component), **rest)


def _all_choices(base: Any = TextChoices) -> Iterator[Any]:
    for one in base.__subclasses__():
        yield one
        yield from _all_choices(one)


# --- Bulks -----------------------------------------------------------------------------------


def _describe_bulks(result: Json, schemas: Json) -> None:
    """An item of a bulk takes what the operation of its action takes."""
    described = {
        one["operationId"]: one for path in result["paths"].values() for one in path.values()
    }
    for bulk in (one for one in all_operations() if one.action == "bulk"):
        name = f"{bulk.viewset.model().__name__}Bulk"
        singles = {action: find(bulk.resource, action) for action in BULK_ACTIONS}
        params = {
            action: _params_of(one, described[parts.operation_id(one)], schemas)
            for action, one in singles.items()
            if one
        }
        schemas |= parts.bulk_of(name, params, MAX_ITEMS)
        for identifier in (parts.operation_id(bulk), parts.dry_run_id(bulk)):
            content = described[identifier]["requestBody"]["content"]
            content[JSON_TYPE]["schema"] = ref("schemas", name)


def _params_of(one: Operation, described: Json, schemas: Json) -> str:
    """The component of what `one` takes in a bulk: its body, and what its path names."""
    body = described.get("requestBody", {}).get("content", {}).get(JSON_TYPE, {}).get("schema", {})
    taken = body.get("$ref", "").rpartition("/")[2]
    if not one.path_params:
        return str(taken)
    path = {
        parameter["name"]: {**parameter["schema"], "description": parameter["description"]}
        for parameter in described["parameters"]
        if parameter["in"] == "path"
    }
    if [*path] == ["id"] and not taken:
        return parts.ID_INPUT
    base = schemas[taken] if taken else parts.object_of()
    properties = {**path, **base["properties"]}
    whole = {
        **base,
        "properties": properties,
        "required": [*path, *base.get("required", ())],
        "additionalProperties": False,
    }
    if "minProperties" in whole:
        whole["minProperties"] += len(path)
    name = f"{one.viewset.model().__name__}Bulk{one.action.title()}Params"
    schemas[name] = whole
    return name


# --- What generators stumble over ------------------------------------------------------------


def _simplify(schema: Json, schemas: Json) -> None:
    """A reference with its own words, where the generator of the document wraps or unites it."""
    schema.pop("x-spec-enum-id", None)
    if isinstance(schema.get("enum"), list):
        schema.pop("minLength", None)  # it goes without saying
    match schema:
        case {"allOf": [{"$ref": where}]}:
            del schema["allOf"]
            schema["$ref"] = where
        case {"oneOf": [{"$ref": where}, {"type": "null"}]}:
            del schema["oneOf"]
            schema["$ref"] = where
            schemas[where.rpartition("/")[2]]["type"] = ["object", "null"]
