"""How many objects of a kind there can be, where no setting says it."""

from typing import Any

from django.db.models import QuerySet

from syteops.core.errors import LimitReached


def require_room(found: QuerySet[Any], most: int, what: str) -> None:
    """Raises LimitReached where there are as many already; `what` they are called."""
    if found.count() >= most:
        raise LimitReached(
            f"There are {most} {what} already, which is the most. Delete one first.", limit=most
        )
