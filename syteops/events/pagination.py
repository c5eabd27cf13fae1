"""How the feed is read: from a place on, so much at once."""

from collections.abc import Sequence
from typing import Any, NoReturn

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from manage_api.cursors import LONGEST, PARAMETER, read_cursor, write_cursor
from manage_api.fields import StrictCharField, StrictIntegerField
from syteops.core.errors import Invalid
from syteops.events.queries import first_kept_id, fitting, name_of, newest_id

LONGEST_WAIT = 30
"""Seconds that a reader may have its request kept open; less than proxies wait by themselves."""
MOST_EVENTS = 200
EVENTS = 50


def _refuse_as_too_old(why: str) -> NoReturn:
    raise Invalid.field(PARAMETER, f"{why} Begin without `after`.", "too_old")


class FeedPageSerializer(serializers.Serializer[Any]):
    """What an answer has beside its events."""

    next = serializers.CharField(help_text="What to send as `after` to go on.")
    has_more = serializers.BooleanField(help_text="Whether there are more already.")


class FeedPagination(BasePagination):
    """`?after=`, `?per_page=` and `?wait=`.

    `next` is where to go on, also at the end: what is published later comes behind it.
    """

    answer_class = FeedPageSerializer

    def get_fields(self) -> dict[str, Any]:
        """The query parameters, as the strict fields that validate them."""
        return {
            PARAMETER: StrictCharField(
                max_length=LONGEST,
                required=False,
                help_text="What the last answer had as `next`. Without it: from the oldest on.",
            ),
            "per_page": StrictIntegerField(
                min_value=1, max_value=MOST_EVENTS, default=EVENTS, help_text="Events in an answer."
            ),
            "wait": StrictIntegerField(
                min_value=0,
                max_value=LONGEST_WAIT,
                default=0,
                help_text="Seconds to wait for an event where there is none. Over REST only.",
            ),
        }

    def paginate_queryset(
        self, queryset: QuerySet[Any] | Sequence[Any], request: Request, view: Any = None
    ) -> list[Any]:
        self.view, per_page = view, view.validated["per_page"]
        start, newest = self._start(), newest_id()
        assert isinstance(queryset, QuerySet)
        found = queryset.filter(id__gt=start, id__lte=newest)
        most, self.has_more = fitting(found, per_page)
        shown = list(found[:most])
        self.shown = [one for one in shown if one.entry or not one.entry_id]
        # Where nothing (more) is for this reader, it need not look through the same again.
        self.next = shown[-1].id if self.has_more else newest
        return self.shown

    def _start(self) -> int:
        cursor = self.view.validated.get(PARAMETER)
        if cursor is None:
            return 0
        # Those of older versions hold no name of the event.
        start, *name = read_cursor(cursor, self.view.operation.name, "")
        first = first_kept_id()
        if start + 1 < first:
            _refuse_as_too_old("What came behind this place is not kept any more.")
        if name and start >= first and name != [name_of(start)]:
            _refuse_as_too_old("This site was put back to a backup that is older than this place.")
        return int(start)

    def get_paginated_response(self, data: Any) -> Response:
        cursor = self._cursor(self.next)
        return Response({self.view.list_name: data, "next": cursor, "has_more": self.has_more})

    def shorten(self, answer: dict[str, Any], count: int) -> dict[str, Any]:
        """The answer with so many of its events."""
        shown = answer[self.view.list_name][:count]
        cursor = self._cursor(self.shown[count - 1].id)
        return {**answer, self.view.list_name: shown, "next": cursor, "has_more": True}

    def _cursor(self, event_id: int) -> str:
        return write_cursor(self.view.operation.name, "", [event_id, name_of(event_id)])
