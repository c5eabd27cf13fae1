"""Reading how people look at lists."""

from typing import Any

from django.db.models import Q, QuerySet

from syteops.lists.models import ColumnChoice, SavedView

SHARE = "lists.share_savedview"
"""The right to share views, and to rename and delete those that others share."""


def columns_of(person: Any, place: str) -> list[str]:
    """The names of the columns that the person has chosen there; nothing if none were."""
    chosen = ColumnChoice.objects.filter(person=person, place=place)
    return next((list(one) for one in chosen.values_list("columns", flat=True)), [])


def views_seen_by(person: Any) -> QuerySet[SavedView]:
    """His own, and those that are shared."""
    return SavedView.objects.filter(Q(owner=person) | Q(is_shared=True)).select_related("owner")


def views_kept_by(person: Any, place: str) -> QuerySet[SavedView]:
    """Those of one list that he may rename and delete."""
    seen = views_seen_by(person).filter(place=place)
    return seen if person.has_perm(SHARE) else seen.filter(owner=person)
