"""Random tests that try other things on each database: half as many there find as much in all."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.db import connection
from hypothesis import seed, settings

Tried = TypeVar("Tried", bound=Callable[..., Any])


def by_database(tried: Tried) -> Tried:
    """A test or state machine of Hypothesis, with a chance of its own on each database.

    It is the same each time, as tests/conftest.py has it, but where that says otherwise.
    """
    return seed(connection.vendor)(tried) if settings().derandomize else tried
