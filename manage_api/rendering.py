"""JSON in and out, strictly (RFC 8259) and fast."""

import json
import math
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Any, NoReturn

import orjson
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer

MAX_DEPTH = 32


def dump(data: Any) -> bytes:
    """`data` as JSON bytes."""
    return orjson.dumps(data, default=_plain, option=orjson.OPT_NON_STR_KEYS)


def canonical(data: Any) -> bytes:
    """`data` as JSON bytes that are equal for equal values: names are sorted at every depth."""
    return orjson.dumps(data, default=_plain, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SORT_KEYS)


def load(body: bytes) -> Any:
    """The value of JSON that this server made itself. For JSON from outside see `parse`."""
    return orjson.loads(body)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)


class JsonRenderer(BaseRenderer):
    """Renders with orjson; bytes are taken as already rendered, None as no body at all."""

    media_type = "application/json"
    format = "json"
    charset = None
    render_style = "binary"

    def render(self, data: Any, *args: Any, **kwargs: Any) -> bytes:
        if data is None:
            return b""
        return data if isinstance(data, bytes) else dump(data)


@cache
def document_renderer(media_type: str) -> type[JsonRenderer]:
    """What lets a caller accept `media_type`. The document comes as bytes; an error stays JSON."""
    return type("DocumentRenderer", (JsonRenderer,), {"media_type": media_type})


class StrictJsonParser(BaseParser):
    """Refuses what JSON parsers usually let pass: duplicate names, NaN, depth over 32, bad text."""

    media_type = "application/json"

    def parse(self, stream: Any, *args: Any, **kwargs: Any) -> Any:
        limit = settings.MANAGE_API_MAX_BODY
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise RequestDataTooBig(f"A body has {limit} bytes at most.")
        return parse(body)


def parse(body: bytes) -> Any:
    """The value of a JSON text. Raises ParseError saying what is wrong."""
    try:
        text = body.decode("utf-8")
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_bounded,
        )
    except UnicodeDecodeError as error:
        raise ParseError("The body is not UTF-8.") from error
    except RecursionError as error:
        raise ParseError(_TOO_DEEP) from error
    except ValueError as error:
        raise ParseError(f"The body is not JSON: {error}.") from error
    _check(value, 1)
    return value


_TOO_DEEP = f"The body is nested more than {MAX_DEPTH} levels deep."


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ParseError(f"The name {twice!r} appears twice in one object.")
    return made


def _refuse_constant(name: str) -> NoReturn:
    raise ParseError(f"{name} is not a JSON number.")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ParseError(f"The number {text} is too large.")
    return number


def _bounded(text: str) -> int:
    number = int(text) if len(text) <= 20 else 2**63
    if not -(2**63) <= number < 2**63:
        raise ParseError("A whole number is outside 64 bits.")
    return number


def _check(value: Any, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ParseError(_TOO_DEEP)
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, dict):
        for name, inner in value.items():
            _check_text(name)
            _check(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _check(inner, depth + 1)


def _check_text(text: str) -> None:
    if "\x00" in text:
        raise ParseError("A text contains a NUL character.")
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise ParseError("A text contains half of a surrogate pair.")
