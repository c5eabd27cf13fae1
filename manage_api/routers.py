"""Routes, derived from the operations: one per path, with the methods declared there."""

from collections.abc import Iterable
from itertools import groupby

from django.urls import URLPattern, path

from manage_api.operations import Operation
from manage_api.viewsets import RestView


def routes(operations: Iterable[Operation]) -> list[URLPattern]:
    """A URL pattern for each distinct path. Fixed segments win over parameters."""
    ordered = sorted(operations, key=lambda one: (_precedence(one.path), one.path))
    return [_route(where, list(group)) for where, group in groupby(ordered, lambda o: o.path)]


def _precedence(where: str) -> list[bool]:
    return [part.startswith("{") for part in where.split("/")]


def _route(where: str, operations: list[Operation]) -> URLPattern:
    by_method = {one.method.lower(): one for one in operations}
    view = RestView.as_view(dict.fromkeys(by_method, "serve"), operations=by_method)
    pattern = where.removeprefix("/").replace("{", "<str:").replace("}", ">")
    return path(pattern, view, name=operations[0].name)
