"""The query string, read strictly: the same at every address of the API."""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.http import HttpRequest
from rest_framework.request import Request

from syteops.core.errors import FieldError, Invalid
from syteops.lib.json_reader import Refused, read
from syteops.lib.paths import is_older

OLDER_NAMES = frozenset(("_locale",))
"""What tools of the WordPress product add to each of its addresses; it changes nothing."""


def query_of(request: Request | HttpRequest) -> dict[str, Any]:
    """The query string, each name once. Raises Invalid for a repeated one."""
    if not request.META.get("QUERY_STRING"):
        return {}
    ignored = OLDER_NAMES if is_older(request.path_info) else ()
    given = [(name, values) for name, values in request.GET.lists() if name not in ignored]
    twice = [name for name, values in given if len(values) > 1]
    if errors := [FieldError((name,), "invalid", TWICE) for name in twice]:
        raise Invalid(errors)
    return {name: value for name, [value] in given}


TWICE = "Give this parameter once."


def query_of_only(
    request: Request | HttpRequest, known: Collection[str], *, has_body: bool = False
) -> dict[str, Any]:
    """The query string of an address that takes these names alone. Raises Invalid."""
    query = query_of(request)
    refuse_query((name for name in query if name not in known), has_body=has_body)
    return query


def refuse_query(names: Iterable[str], *, has_body: bool = True) -> None:
    """Raise Invalid for query parameters that there are not."""
    detail = f"There is no such query parameter here.{' Send it in the body.' if has_body else ''}"
    if errors := [FieldError((name,), "unknown_field", detail) for name in names]:
        raise Invalid(errors)


# --- The parameters of an operation -----------------------------------------------------------


def params_of(query: Mapping[str, Any]) -> dict[str, Any]:
    """An operation's parameters in a query string, each in one of the forms that tools write.

    Under its own name; as `params[name]` (PHP, deepObject of OpenAPI); or all of them in `params`,
    as a JSON object. Raises Invalid for what has none of these forms, and for a name given twice.
    """
    params: dict[str, Any] = {}
    for name, value in (pair for one in query.items() for pair in _pairs(*one)):
        if name in params:
            raise Invalid.field(name, TWICE)
        params[name] = value
    return params


_IN_BRACKETS = re.compile(r"params\[([^\[\]]+)\]")


def _pairs(name: str, value: str) -> Iterable[tuple[str, Any]]:
    if name == "params":
        return _read_object(value).items()
    if not name.startswith("params["):
        return [(name, value)]
    if found := _IN_BRACKETS.fullmatch(name):
        return [(found[1], value)]
    raise Invalid.field(name, "Write params[name]; what is nested goes into params as JSON.")


def _read_object(text: str) -> dict[str, Any]:
    try:
        value = read(text)
    except Refused as refusal:
        raise Invalid.field("params", str(refusal)) from refusal
    if not isinstance(value, dict):
        raise Invalid.field("params", "Send a JSON object.")
    return value


def flag_of(value: Any, name: str) -> bool:
    """A flag of the query string. Raises Invalid for anything but true and false."""
    if value not in ("true", "false"):
        raise Invalid.field(name, "Send true or false.")
    return bool(value == "true")
