"""All that is logged, at DEBUG and with the SQL."""

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.template import VariableDoesNotExist
from django.template.context import BaseContext


class Formatter(logging.Formatter):
    """Of a traceback what the exceptions say: its lines of code are the same for every value.

    Of each variable that a template has not, Django tells the whole context, and asks the database
    for the lists in it. What is in there since the last one has been told.
    """

    def __init__(self) -> None:
        super().__init__("%(message)s")
        self._layers: list[dict[Any, Any]] = []

    def formatException(self, ei: Any) -> str:  # noqa: N802 - of `logging`
        error = ei[1]
        if isinstance(error, VariableDoesNotExist) and isinstance(error.params[-1], BaseContext):
            return self._told_anew(error.params[-1])
        return "".join(traceback.format_exception(*ei, limit=0))

    def _told_anew(self, context: BaseContext) -> str:
        before, self._layers = self._layers, [dict(one) for one in context]
        return "\n".join(
            repr(one)
            for one in self._layers
            if not any(_holds_the_same(one, two) for two in before)
        )


def _holds_the_same(one: dict[Any, Any], other: dict[Any, Any]) -> bool:
    return one.keys() == other.keys() and all(one[name] is other[name] for name in one)


class Log(logging.Handler):
    """Each line that is logged, exceptions and SQL parameters included; the same line once."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(Formatter())
        self.lines: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.update(self.format(record).split("\n"))


@contextmanager
def everything_logged() -> Iterator[Log]:
    """At DEBUG, SQL included, whatever the settings say."""
    log, root = Log(), logging.getLogger()
    named = [one for one in root.manager.loggerDict.values() if isinstance(one, logging.Logger)]
    before, others = {one: one.level for one in (root, *named)}, root.handlers
    for one in named:
        one.setLevel(logging.NOTSET)
    root.setLevel(logging.DEBUG)
    root.handlers = [log]  # a hundred megabytes, which nobody else needs to keep
    connection.force_debug_cursor = True
    try:
        yield log
    finally:
        connection.force_debug_cursor = False
        root.handlers = others
        for one, level in before.items():
            one.setLevel(level)
