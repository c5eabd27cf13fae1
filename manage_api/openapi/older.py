"""The OpenAPI 3.1 document as 3.0.3, for generators that read nothing newer."""

from typing import Any

from manage_api.openapi.parts import Json

# Maps from names, which are no words of a schema even if they look like one.
_NAMED = ("properties", "schemas", "responses", "headers", "content", "links", "paths")
_VALUES = ("const", "default", "enum", "example", "examples")
_UNSAYABLE = ("contentMediaType", "propertyNames", "webhooks", "pathItems", "identifier")


def as_older(document: Json) -> Json:
    """A copy that says the same, less what 3.0 has no words for, such as webhooks."""
    copy: Json = _older(document)
    return {**copy, "openapi": "3.0.3"}


def _older(node: Any) -> Any:
    if isinstance(node, list):
        return [_older(one) for one in node]
    if not isinstance(node, dict):
        return node
    copy = {word: _part(word, one) for word, one in node.items() if word not in _UNSAYABLE}
    _say_null(copy)
    if "const" in copy:
        copy["enum"] = [copy.pop("const")]
    if isinstance(copy.get("examples"), list):
        copy["example"] = copy.pop("examples")[0]
    if "$ref" in copy and len(copy) > 1:
        copy["allOf"] = [{"$ref": copy.pop("$ref")}]
    return copy


def _part(word: str, value: Any) -> Any:
    if word in _VALUES:
        return value
    if word in _NAMED and isinstance(value, dict):
        return {name: _older(one) for name, one in value.items()}
    return _older(value)


def _say_null(schema: Json) -> None:
    """A list of types as the one that 3.0 takes; of several it takes none."""
    if not isinstance(schema.get("type"), list):
        return
    kinds = [one for one in schema.pop("type") if one != "null"]
    if len(kinds) == 1:
        schema |= {"type": kinds[0], "nullable": True}
