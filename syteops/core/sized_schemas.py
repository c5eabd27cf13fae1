"""JSON Schema (2020-12) checked in linear time: sizes before children, lengths before patterns.

jsonschema checks keywords one after the other and compares each item of a list with each other one.
Here a value that is too large is told to be so, and is not looked into.
"""

from collections.abc import Callable, Iterator
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError as Problem
from jsonschema.validators import extend

Check = Callable[[Any, Any, Any, Any], Iterator[Problem] | None]

_SIZES: dict[type, str] = {str: "maxLength", list: "maxItems", dict: "maxProperties"}
_LOOK_INTO = (
    "pattern", "format", "enum", "const", "items", "prefixItems", "contains", "uniqueItems",
    "unevaluatedItems", "properties", "patternProperties", "additionalProperties", "propertyNames",
    "unevaluatedProperties", "dependentSchemas", "allOf", "anyOf", "oneOf", "not", "if", "$ref",
)  # fmt: skip


def _after_size(check: Check) -> Check:
    def checked(validator: Any, limit: Any, value: Any, schema: Any) -> Iterator[Problem]:
        largest = schema.get(_SIZES.get(type(value), ""))
        if largest is None or len(value) <= largest:
            yield from check(validator, limit, value, schema) or ()

    return checked


def _unique_items(validator: Any, wanted: Any, value: Any, schema: Any) -> Iterator[Problem]:
    if wanted and isinstance(value, list) and len(set(map(_identity, value))) < len(value):
        yield Problem("The items are not unique.")


def _identity(value: Any) -> Any:
    """What equal JSON values have in common: 1 and 1.0 are equal, 1 and true are not."""
    match value:
        case bool():
            return bool, value
        case dict():
            return dict, frozenset((name, _identity(inner)) for name, inner in value.items())
        case list():
            return list, tuple(map(_identity, value))
    return value


_CHECKS: dict[str, Check] = {**Draft202012Validator.VALIDATORS, "uniqueItems": _unique_items}
SizedValidator = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator, {name: _after_size(_CHECKS[name]) for name in _LOOK_INTO}
)
"""A jsonschema validator class that never takes more than linear time, patterns permitting."""
