"""JSON in and out, strictly (RFC 8259) and fast."""

from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Any

import orjson
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer

from syteops.lib.json_reader import Refused, read


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
        return read(body)
    except Refused as refusal:
        raise ParseError(f"The body cannot be taken. {refusal}") from refusal
