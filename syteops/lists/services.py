"""Every change of how people look at lists.

What somebody sees in a list of his own is no business of others: it has no audit entry.
"""

from collections.abc import Sequence
from typing import Any

from syteops.lists.models import ColumnChoice


def choose_columns(person: Any, place: str, columns: Sequence[str]) -> None:
    """Show that person these columns there from now on; the list's own ones if none are given."""
    if columns:
        ColumnChoice.objects.update_or_create(
            person=person, place=place, defaults={"columns": list(columns)}
        )
    else:
        ColumnChoice.objects.filter(person=person, place=place).delete()
