"""How our strict fields look in the OpenAPI document: exactly what they accept."""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from manage_api.fields import StrictCharField, StrictIntegerField
from manage_api.openapi.parts import Json
from syteops.lib import countries, currencies, time_zones
from syteops.lib.text import NO_LINE, UNSEEN

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


_ZONE = "^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$"
# What would be an enum of hundreds of members, some of which differ in their case alone.
_VOCABULARIES: list[tuple[frozenset[str], Json]] = [
    (frozenset(countries.names()), {"format": "iso-3166-alpha-2", "pattern": "^[A-Z]{2}$"}),
    (frozenset(currencies.CODES), {"format": "iso-4217", "pattern": "^[A-Z]{3}$"}),
    (
        frozenset(time_zones.names()),
        {"format": "iana-time-zone", "pattern": _ZONE},
    ),
]


class Shared(NamedTuple):
    """A component that many fields refer to, and its schema."""

    component: str
    schema: Json


# A blank text is no address: these formats say what may stand for none.
OR_BLANK = {
    "email-or-blank": Shared(
        "OptionalEmail",
        {"type": "string", "format": "email-or-blank", "pattern": "^$|^[^@]+@[^@]+$"},
    ),
    "web-address-or-blank": Shared(
        "OptionalWebAddress",
        {
            "type": "string",
            "format": "web-address-or-blank",
            "pattern": "^$|^[hH][tT][tT][pP][sS]?://",
        },
    ),
}
_INSTEAD_OF = {"email": "email-or-blank", "uri": "web-address-or-blank"}


def say_simply(schema: Json) -> Json:
    """The schema without what breaks generators of clients: unions, long enums, titles."""
    schema.pop("title", None)
    for word in ("anyOf", "oneOf"):
        if {"type": "string", "maxLength": 0} in schema.get(word, ()):
            schema = _or_blank(**{**_without(schema, word), **schema[word][0]})
    if schema.get(word := "oneOf") == [{}, {"type": "null"}]:
        schema = _without(schema, word)  # anything includes null
    for values, said in _VOCABULARIES:
        if len(values.intersection(schema.get("enum", ()))) > len(values) / 2:
            blank = "" in schema["enum"]
            schema = {**_without(schema, "enum"), **said}
            return _or_blank(**schema) if blank else schema
    return schema


def _or_blank(pattern: str = "", format: str = "", **rest: Any) -> Json:
    if shared := OR_BLANK.get(_INSTEAD_OF.get(format, "")):
        return {**rest, **shared.schema}
    said = {"format": format} if format else {}
    if pattern and not pattern.startswith(_BLANK_OR):
        pattern = f"{_BLANK_OR}{pattern}"
    return {**rest, **said, **({"pattern": pattern} if pattern else {})}


_BLANK_OR = "^$|"


# --- Examples ------------------------------------------------------------------------------

_BY_FORMAT = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "email": "ada@example.com",
    "uri": "https://www.example.com",
    "uuid": "0193a5b0-7c1e-7d4a-8f00-2b1c3d4e5f60",
    "password": "correct-horse-battery-staple",
    "decimal": "12.50",
    "email-or-blank": "ada@example.com",
    "web-address-or-blank": "https://www.example.com",
    "iana-time-zone": "Europe/Vienna",
    "iso-3166-alpha-2": "AT",
    "iso-4217": "EUR",
}
_SUCH_AS = re.compile('[Ss]uch as [`"]?([^`",]+?)[`"]?[,.]')
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
    if "oneOf" in schema:
        return example_of(schema["oneOf"][0], name)
    types = schema.get("type", "object" if "properties" in schema else "null")
    kind = next(t for t in types if t != "null") if isinstance(types, list) else types
    return _EXAMPLE_OF_TYPE[kind](schema, name)


def request_of(schema: Json) -> Json:
    """A short request: what is required, and what the serializer gives an example of."""
    properties = schema.get("properties", {})
    shown = [
        name for name, one in properties.items()
        if name in schema.get("required", ()) or "examples" in one
    ]  # fmt: skip
    if not shown and schema.get("minProperties"):
        shown = [next(iter(properties))]
    return {name: _part_of(properties[name], name) for name in shown}


def _part_of(schema: Json, name: str) -> Any:
    if "examples" in schema:
        return schema["examples"][0]
    if "oneOf" in schema:
        return _part_of(schema["oneOf"][0], name)
    if schema.get("type") == "array":
        return [_part_of(schema["items"], name)]
    return request_of(schema) if "properties" in schema else example_of(schema, name)


def _without(schema: Json, word: str) -> Json:
    return {name: value for name, value in schema.items() if name != word}


def _text(schema: Json, name: str) -> str:
    if schema.get("format") in _BY_FORMAT:
        return _BY_FORMAT[schema["format"]]
    pattern = re.compile(schema.get("pattern", ""))
    least, most = schema.get("minLength", 0), schema.get("maxLength", 1000)
    said = _SUCH_AS.search(schema.get("description", ""))
    tried = (*(said.groups() if said else ()), name.replace("_", " ").capitalize(), *_TRIED)
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
