"""Lists in pages: a constant number of queries whatever the length, however far behind."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from manage_api.cursors import LONGEST, PARAMETER, read_cursor, refuse_cursor, write_cursor
from manage_api.errors import ApiError
from manage_api.fields import StrictCharField, StrictIntegerField
from manage_api.places import Derived, Ordered, Row, Settled, Stored
from manage_api.rendering import dump
from manage_api.serializers import PageSerializer
from syteops.core.reading import how_many_fit

MOST_BYTES = 8_000_000
"""What the entries of an answer have together; a page of long ones ends early."""
MOST_WHOLE = 10_000
"""Entries of a list without pages."""


class Pagination(BasePagination):
    """`?page=` or `?after=`, and `?per_page=`.

    The answer tells `total`, `page`, `per_page`, and as `next` what to send as `after` for the page
    behind; at the end that is null. Of a search or filter that very many fit, `total` is null: to
    count them would take longer than to find the page. Behind a cursor, rows that come or go move
    no other row from one page to another; there nothing is counted, and `total` and `page` are
    null. So are they of a page that ends early, since its entries would have more than MOST_BYTES.
    """

    answer_class = PageSerializer
    """What an answer has beside its entries."""

    def get_fields(self) -> dict[str, Any]:
        """The query parameters, as the strict fields that validate them."""
        longest = settings.MANAGE_API_MAX_PAGE_SIZE
        return {
            PARAMETER: StrictCharField(
                max_length=LONGEST,
                required=False,
                help_text="In place of `page`: what the page before had as `next`.",
            ),
            "page": StrictIntegerField(
                min_value=1, max_value=1_000_000, default=1, help_text="From 1."
            ),
            "per_page": StrictIntegerField(
                min_value=1, max_value=longest, required=False, help_text="Entries in a page."
            ),
        }

    def paginate_queryset(
        self,
        queryset: Settled | QuerySet[Any] | Sequence[Any],
        request: Request,
        view: Any = None,
    ) -> list[Any]:
        self.view = view
        self.total: int | None = None
        self.page: int | None = None
        self.per_page = view.validated.get("per_page", settings.MANAGE_API_PAGE_SIZE)
        found = _ordered(queryset, view)
        rows = self._behind(found) if PARAMETER in view.validated else self._numbered(found)
        # One more than shown was asked for: it tells whether there is another page.
        shown = self.shown = rows[: self.per_page]
        self.next = self._cursor(shown[-1]) if len(rows) > self.per_page else None
        count = view.fitting([one.key for one in shown]) if len(shown) > 1 else len(shown)
        if count < len(shown):
            self._refuse_by_number(count)
            shown = self.shown = shown[:count]
            self.total, self.page, self.next = None, None, self._cursor(shown[-1])
        return found.load(shown)

    def _behind(self, found: Ordered) -> list[Row]:
        if "page" in self.view.call.input:
            refuse_cursor("Send either after or page.")
        place = read_cursor(self.view.validated[PARAMETER], *self._order())
        try:
            return found.behind(place, self.per_page + 1)
        except ValueError:
            refuse_cursor("This cursor is of an older version of this list.")

    def _numbered(self, found: Ordered) -> list[Row]:
        page: int = self.view.validated["page"]
        self.page, start = page, (page - 1) * self.per_page
        rows = found.from_number(start, self.per_page + 1)
        # A page that none comes behind is the last one, so its length tells the total.
        is_last = len(rows) <= self.per_page and (rows or start == 0)
        self.total = start + len(rows) if is_last else found.count(self.view.most_counted)
        return rows

    def shorten(self, answer: dict[str, Any], count: int) -> dict[str, Any]:
        """The answer with so many of its entries. Raises payload_too_large for a numbered page."""
        self._refuse_by_number(count)
        # Where rows went since they were looked for, some come again; none is left out.
        further = {"total": None, "page": None, "next": self._cursor(self.shown[count - 1])}
        return {**answer, self.view.list_name: answer[self.view.list_name][:count], **further}

    def _refuse_by_number(self, count: int) -> None:
        """The next number would skip what is left out."""
        if "page" in self.view.call.input:
            raise ApiError(
                "payload_too_large",
                f"This page would have more than {MOST_BYTES:,} bytes. Send per_page={count}, or "
                "leave page out and send what an answer has as next as after.",
            )

    def _cursor(self, row: Row) -> str:
        return write_cursor(*self._order(), row.place)

    def _order(self) -> tuple[str, str]:
        return self.view.operation.name, self.view.validated.get("ordering", "")

    def get_paginated_response(self, data: Any) -> Response:
        pages = {"total": self.total, "page": self.page, "per_page": self.per_page}
        return Response({self.view.list_name: data, **pages, "next": self.next})


def shortened(view: Any, answer: Any) -> Any:
    """What is answered in place of more than MOST_BYTES: of a list in pages as much as fits.

    Raises payload_too_large for a list without pages.
    """
    paginator: Any = getattr(view, "paginator", None)
    if not hasattr(paginator, "shown"):
        if view.operation.endpoint == "list":
            raise _too_long_for_one()
        return answer
    sizes = (len(dump(one)) for one in answer[view.list_name])
    return paginator.shorten(answer, how_many_fit(sizes, MOST_BYTES))


def whole(view: Any, found: Any) -> list[Any]:
    """All of a list without pages. Raises payload_too_large for what cannot be read at once."""
    if not isinstance(found, QuerySet):
        return list(found)
    shown = list(found[: MOST_WHOLE + 1])
    if len(shown) > MOST_WHOLE or view.fitting([one.pk for one in shown]) < len(shown):
        raise _too_long_for_one()
    return shown


def _too_long_for_one() -> ApiError:
    return ApiError(
        "payload_too_large",
        f"The list would have more than {MOST_BYTES:,} bytes. Read its objects one by one.",
    )


def _ordered(found: Settled | QuerySet[Any] | Sequence[Any], view: Any) -> Ordered:
    if isinstance(found, Settled):
        return found
    if isinstance(found, QuerySet):
        return Stored(found, view.fetch)
    return Derived(found, view.derived_order)
