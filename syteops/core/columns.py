"""Properties that follow from columns alone, so that they can be told without the object."""

from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


def of_columns(*names: str) -> Callable[[F], F]:
    """Below `@property`: it asks its object for these columns, and for nothing else.

    So a list of the API can show it from the rows, and makes no object of each.
    """

    def declare(function: F) -> F:
        function.__dict__["of_columns"] = names
        return function

    return declare


def columns_of(described: Any) -> tuple[str, ...]:
    """Which columns a property follows from; none if it does not say so."""
    asked = described.fget if type(described) is property else None
    names: tuple[str, ...] = getattr(asked, "of_columns", ())
    return names
