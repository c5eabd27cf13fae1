"""How our strict fields look in the OpenAPI document: exactly what they accept."""

import re
from collections.abc import Callable
from typing import Any

from manage_api.fields import StrictCharField, StrictIntegerField
from syteops.lib.text import NO_LINE, UNSEEN

Json = dict[str, Any]

# In words that every dialect of regular expressions understands alike.
_LINE = f"[^{NO_LINE}]*"
_SEEN_LINE = f"{_LINE}[^{NO_LINE}{UNSEEN}]{_LINE}"
_SEEN_TEXT = rf"[^{NO_LINE}{UNSEEN}]"


def say_exactly(field: Any, schema: Json) -> None:
    """Complete the schema of an input field by what drf-spectacular cannot know."""
    if isinstance(field, StrictCharField):
        _say_text(field, schema)
    elif isinstance(field, StrictIntegerField):
        schema.setdefault("minimum", -(2**63))
        schema.setdefault("maximum", 2**63 - 1)
    elif "items" in schema:
        say_exactly(getattr(field, "child", None), schema["items"])


def _say_text(field: StrictCharField, schema: Json) -> None:
    if getattr(field, "secret", False):
        schema["format"] = "password"
    if field.one_line:
        schema.setdefault("pattern", f"^{_LINE if field.allow_blank else _SEEN_LINE}$")
    elif not field.allow_blank:
        schema.setdefault("pattern", _SEEN_TEXT)


# --- Examples ------------------------------------------------------------------------------

_BY_FORMAT = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "email": "ada@example.com",
    "uri": "https://www.example.com",
    "uuid": "0193a5b0-7c1e-7d4a-8f00-2b1c3d4e5f60",
    "password": "correct-horse-battery-staple",
    "decimal": "12.50",
}
_TRIED = ("001", "1", "12.50", "EUR", "en", "#336699", "example", "example.com")


def example_of(schema: Json, name: str = "example") -> Any:
    """A value that fits `schema` (references inlined); what it names itself comes first.

    `name` is the field's own, for texts of which nothing is known but their length.
    """
    for word in ("example", "default", "const"):
        if word in schema:
            return schema[word]
    for word in ("examples", "enum"):
        if schema.get(word):
            return schema[word][0]
    for word in ("anyOf", "oneOf"):
        if word in schema:
            return example_of({**_without(schema, word), **schema[word][0]}, name)
    if "allOf" in schema:
        parts = schema["allOf"]
        return example_of(
            {**_without(schema, "allOf"), **{n: v for one in parts for n, v in one.items()}}, name
        )
    types = schema.get("type", "object" if "properties" in schema else "null")
    kind = next(t for t in types if t != "null") if isinstance(types, list) else types
    return _EXAMPLE_OF_TYPE[kind](schema, name)


def _without(schema: Json, word: str) -> Json:
    return {name: value for name, value in schema.items() if name != word}


def _text(schema: Json, name: str) -> str:
    if schema.get("format") in _BY_FORMAT:
        return _BY_FORMAT[schema["format"]]
    pattern = re.compile(schema.get("pattern", ""))
    least, most = schema.get("minLength", 0), schema.get("maxLength", 1000)
    tried = (name.replace("_", " ").capitalize(), *_TRIED)
    return next((t for t in tried if least <= len(t) <= most and pattern.search(t)), "")


def _number(schema: Json, name: str) -> int:
    return max(1, int(schema.get("minimum", 1)))


def _object(schema: Json, name: str) -> Json:
    return {inner: example_of(one, inner) for inner, one in schema.get("properties", {}).items()}


def _array(schema: Json, name: str) -> list[Any]:
    return [example_of(schema["items"], name)] if schema.get("items") else []


_EXAMPLE_OF_TYPE: dict[str, Callable[[Json, str], Any]] = {
    "object": _object,
    "array": _array,
    "string": _text,
    "integer": _number,
    "number": _number,
    "boolean": lambda schema, name: True,
    "null": lambda schema, name: None,
}
