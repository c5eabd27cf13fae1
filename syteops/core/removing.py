"""Removing what is long over, in pieces: on SQLite all who write wait for each."""

from time import monotonic, sleep
from typing import Any

from django.db.models import QuerySet

PIECE = 500
"""Rows that are removed in one transaction."""


def remove(found: QuerySet[Any]) -> None:
    """Remove all of these. Others write in between: there is a rest as long as each piece took."""
    while keys := list(found.order_by().values_list("pk", flat=True)[:PIECE]):
        began = monotonic()
        found.filter(pk__in=keys).delete()
        sleep(monotonic() - began)
