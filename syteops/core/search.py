"""Searching texts for words."""

from collections.abc import Iterable
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q, QuerySet

MOST_WORDS = 10
"""Of the words of a search these many count: each costs a condition on every text."""


def search(found: QuerySet[Any], fields: Iterable[str], text: str) -> QuerySet[Any]:
    """Those in which each word of `text` occurs in one of `fields`, in whatever case."""
    names = list(fields)
    for word in text.split()[:MOST_WORDS]:
        condition = reduce(or_, (Q(**{f"{name}__icontains": word}) for name in names))
        if any("__" in name for name in names):
            # A join would list an object once for each of its rows that fits.
            fitting = found.model._default_manager.filter(condition).order_by().values("pk")
            condition = Q(pk__in=fitting)
        found = found.filter(condition)
    return found
