"""Crashes at a chosen point of a request, as the database's client would see them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import OperationalError, connection

BEFORE_COMMIT, AFTER_COMMIT = "before the commit", "after the commit"
Point = int | str | None
"""None, the number of a query, or at the commit: then the write has happened, or has not."""


@dataclass
class Crash:
    """Whether it came to the crash, and whether the write had happened by then."""

    happened: bool = False
    committed: bool = False


@contextmanager
def crashing(point: Point) -> Iterator[Crash]:
    """Let the connection fail once at that point."""
    crash = Crash()
    if isinstance(point, int):
        with connection.execute_wrapper(_failing_at(point, crash)):
            yield crash
    elif point is None:
        yield crash
    else:
        with _failing_commit(point, crash):
            yield crash


def _fail(crash: Crash) -> None:
    crash.happened = True
    raise OperationalError("The connection is gone.")


def _failing_at(number: int, crash: Crash) -> Callable[..., Any]:
    asked = 0

    def execute(run: Callable[..., Any], *arguments: Any) -> Any:
        nonlocal asked
        asked += 1
        if asked == number:
            _fail(crash)
        return run(*arguments)

    return execute


@contextmanager
def _failing_commit(point: str, crash: Crash) -> Iterator[None]:
    commit = connection._commit  # type: ignore[attr-defined]

    def failing() -> None:
        if crash.happened:
            commit()
            return
        if point == AFTER_COMMIT:
            commit()
            crash.committed = True
        _fail(crash)

    connection._commit = failing  # type: ignore[attr-defined]
    try:
        yield
    finally:
        connection._commit = commit  # type: ignore[attr-defined]
