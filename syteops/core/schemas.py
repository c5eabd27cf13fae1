"""Configs described by a JSON Schema (2020-12): defaults, merge patches and plain errors."""

import re
from collections.abc import Iterator
from copy import deepcopy
from itertools import islice
from typing import Any

from django.core.exceptions import ValidationError
from jsonschema import FormatChecker
from jsonschema.exceptions import ValidationError as Problem
from jsonschema.validators import extend

from syteops.core.errors import FieldError
from syteops.core.outbound import url_problem
from syteops.core.sized_schemas import SizedValidator
from syteops.lib.mail_addresses import validate_mail_address
from syteops.lib.pictures import is_address
from syteops.lib.text import NOT_ONE_LINE, is_blank, is_one_line

Schema = dict[str, Any]
Config = dict[str, Any]

MOST_PROBLEMS = 100
"""How many problems of a config, and of one value in it, are told."""

_LONGEST_LINE = 300

FORMATS = FormatChecker()
"""The formats that are checked. `web-url`: a web address that this server may send to. `picture`: a
picture as a `data:` address, which a form takes as a file. Other apps add theirs."""


def merge_patch(target: Any, patch: Any) -> Any:
    """`target` changed by `patch` as RFC 7396 has it: deeply, and null removes. Both stay."""
    if not isinstance(patch, dict):
        return deepcopy(patch)
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


def patch_between(target: Any, wanted: Any) -> Any:
    """The patch by which `merge_patch` makes `wanted` of `target`."""
    if not isinstance(target, dict) or not isinstance(wanted, dict):
        return deepcopy(wanted)
    gone = dict.fromkeys(target.keys() - wanted.keys())
    differing = (name for name in wanted if name not in target or target[name] != wanted[name])
    return {**gone, **{name: patch_between(target.get(name), wanted[name]) for name in differing}}


def normalized(schema: Schema, config: Any) -> Any:
    """`config`, or a patch of it, as it is stored, and as any other field takes it.

    Texts of one line are without blanks around them; what is chosen from a list must be written as
    it is there. A whole number is one, however it was sent: JSON Schema counts 8.0 as well.
    """
    if isinstance(config, float) and config.is_integer() and schema.get("type") == "integer":
        return int(config)
    if isinstance(config, str):
        is_free = is_one_line_text(schema) and schema.keys().isdisjoint(("enum", "const"))
        return config.strip() if is_free and is_one_line(config) else config
    if isinstance(config, list):
        return [normalized(schema.get("items", {}), one) for one in config]
    if isinstance(config, dict):
        inner = schema.get("properties", {})
        return {n: normalized(inner.get(n, {}), one) for n, one in config.items()}
    return config


def with_defaults(schema: Schema, config: Config) -> Config:
    """`config`, `normalized`, with the schema's defaults wherever it says nothing."""
    full: Config = normalized(schema, config)
    for name, inner in schema.get("properties", {}).items():
        if name not in full and "default" in inner:
            full[name] = deepcopy(inner["default"])
        if inner.get("type") == "object" and isinstance(full.get(name, {}), dict):
            nested = with_defaults(inner, full.get(name, {}))
            if nested or name in full:
                full[name] = nested
    return full


def problems(schema: Schema, config: Config, *, incomplete: bool = False) -> list[FieldError]:
    """Each thing wrong with `config`, up to MOST_PROBLEMS, with its path from ("config", …).

    `incomplete` lets required values be missing. Messages never repeat a value.
    """
    found = islice(_Validator(schema, format_checker=FORMATS).iter_errors(config), MOST_PROBLEMS)
    return [
        error
        for one in sorted(found, key=lambda one: [str(step) for step in one.absolute_path])
        if not (incomplete and one.validator == "required")
        for error in islice(_field_errors(one), MOST_PROBLEMS)
    ]


def is_one_line_text(schema: Schema) -> bool:
    """Whether it describes a text of one line: a short one, or one of a form."""
    longest = schema.get("maxLength")
    has_form = not schema.keys().isdisjoint(("format", "pattern", "enum", "const"))
    is_short = longest is not None and longest <= _LONGEST_LINE
    return schema.get("type") == "string" and (has_form or is_short)


def _check_type(validator: Any, types: Any, value: Any, schema: Schema) -> Iterator[Problem]:
    """The type, and what goes without saying of a text, here as in every other field."""
    yield from SizedValidator.VALIDATORS["type"](validator, types, value, schema)
    if not isinstance(value, str):
        return
    if is_one_line_text(schema) and not is_one_line(value):
        yield Problem("no line", validator="line")
    if value and is_blank(value):
        yield Problem("blank", validator="blank")


_Validator = extend(SizedValidator, {"type": _check_type})  # type: ignore[no-untyped-call]


def missing(schema: Schema, config: Config) -> list[str]:
    """The required top-level values that `config` does not have."""
    return [name for name in schema.get("required", []) if name not in config]


def _field_errors(problem: Problem) -> Iterator[FieldError]:
    path = ("config", *problem.absolute_path)
    limit: Any = problem.validator_value
    value: Any = problem.instance
    match problem.validator:
        case "required":
            # One problem for each missing name, and nowhere but in its text does it say which.
            name = next(one for one in limit if problem.message.startswith(f"{one!r} "))
            yield FieldError((*path, name), "required", "This value must be given.")
        case "additionalProperties" if limit is False:
            for name in sorted(name for name in value if not _is_known(problem.schema, name)):
                yield FieldError((*path, name), "unknown_field", "There is no such setting.")
        case "format" if limit == "web-url":
            yield FieldError(path, "invalid", url_problem(value))
        case keyword:
            yield FieldError(path, *_code_and_detail(str(keyword), limit))


def _is_known(schema: Any, name: str) -> bool:
    patterns = schema.get("patternProperties", {})
    return name in schema.get("properties", {}) or any(re.search(one, name) for one in patterns)


def _code_and_detail(keyword: str, limit: Any) -> tuple[str, str]:
    """The code and the words for a value that breaks `keyword: limit`."""
    code, words = _WORDS.get(keyword, ("invalid", "This value is not allowed here."))
    if keyword == "enum":
        limit = ", ".join(map(str, limit))
    named = _NAMES.get(str(limit), "a value of the right type" if keyword == "type" else limit)
    return code, words.format(named)


_WORDS = {
    "type": ("invalid", "Send {}."),
    "format": ("invalid", "This is not {}."),
    "enum": ("invalid_choice", "Choose one of {}."),
    "const": ("invalid_choice", "This can only be {}."),
    "minLength": ("invalid", "Use {} characters at least."),
    "maxLength": ("too_long", "Use {} characters at most."),
    "minimum": ("out_of_range", "Send {} or more."),
    "maximum": ("out_of_range", "Send {} or less."),
    "exclusiveMinimum": ("out_of_range", "Send more than {}."),
    "exclusiveMaximum": ("out_of_range", "Send less than {}."),
    "minItems": ("out_of_range", "Give {} at least."),
    "maxItems": ("out_of_range", "Give {} at most."),
    "line": ("invalid", NOT_ONE_LINE),
    "blank": ("invalid", "Nobody sees anything in it. Write something, or leave it empty."),
    "uniqueItems": ("invalid", "Give each value once."),
}
_NAMES = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "email": "an e-mail address",
    "picture": "a PNG or JPEG picture of at most 1024 pixels a side, as a data: address",
    "date": "a date such as 2026-01-31",
    "event-type": "a type of events that there is: see docs/events.md",
}


@FORMATS.checks("web-url")
def _is_web_url(value: object) -> bool:
    return not isinstance(value, str) or not url_problem(value)


@FORMATS.checks("picture")
def _is_picture(value: object) -> bool:
    return not isinstance(value, str) or value == "" or is_address(value)


@FORMATS.checks("email", raises=ValidationError)
def _is_email(value: object) -> bool:
    if isinstance(value, str):
        validate_mail_address(value)
    return True
