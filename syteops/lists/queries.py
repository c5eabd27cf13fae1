"""Reading how people look at lists."""

from typing import Any

from syteops.lists.models import ColumnChoice


def columns_of(person: Any, place: str) -> list[str]:
    """The names of the columns that the person has chosen there; nothing if none were."""
    chosen = ColumnChoice.objects.filter(person=person, place=place)
    return next((list(one) for one in chosen.values_list("columns", flat=True)), [])
