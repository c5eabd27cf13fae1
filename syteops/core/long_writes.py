"""Writes of many rows in one transaction, for which others who write wait."""

from collections.abc import Iterable, Iterator
from time import monotonic
from typing import TypeVar

from django.conf import settings

from syteops.core.errors import LimitReached

SHARE = 0.8
"""Of the time that others wait who write: for so long all rows together may keep the lock."""

Row = TypeVar("Row")


def while_others_wait(rows: Iterable[Row]) -> Iterator[Row]:
    """The rows, each to be written in turn. Raises LimitReached before others give up."""
    until = monotonic() + SHARE * settings.DATABASE_TIMEOUT
    for done, row in enumerate(rows):
        if monotonic() > until:
            raise LimitReached(
                "Nothing was done: this takes longer than others who write can wait. Take "
                f"fewer rows at once, such as {max(done, 1):,}."
            )
        yield row
