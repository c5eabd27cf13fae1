"""The query string, read strictly."""

from collections.abc import Iterable
from typing import Any

from rest_framework.request import Request

from syteops.core.errors import FieldError, Invalid


def query_of(request: Request) -> dict[str, Any]:
    """The query string, each name once. Raises Invalid for a repeated one."""
    twice = [name for name, values in request.query_params.lists() if len(values) > 1]
    if errors := [FieldError((name,), "invalid", "Give this parameter once.") for name in twice]:
        raise Invalid(errors)
    return dict(request.query_params.items())


def refuse_query(names: Iterable[str]) -> None:
    """Raise Invalid for query parameters where everything goes into the body."""
    detail = "There is no such query parameter here. Send it in the body."
    if errors := [FieldError((name,), "unknown_field", detail) for name in names]:
        raise Invalid(errors)


def flag_of(value: Any, name: str) -> bool:
    """A flag of the query string. Raises Invalid for anything but true and false."""
    if value not in ("true", "false"):
        raise Invalid.field(name, "Send true or false.")
    return bool(value == "true")
