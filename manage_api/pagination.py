"""Lists in pages: a constant number of queries whatever the length."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from manage_api.fields import StrictIntegerField


class PageNumberPagination(BasePagination):
    """`?page=` and `?per_page=`; the answer tells `total`, `page` and `per_page`."""

    def get_fields(self) -> dict[str, Any]:
        """The query parameters, as the strict fields that validate them."""
        longest = settings.MANAGE_API_MAX_PAGE_SIZE
        return {
            "page": StrictIntegerField(
                min_value=1, max_value=1_000_000, default=1, help_text="From 1."
            ),
            "per_page": StrictIntegerField(
                min_value=1, max_value=longest, required=False, help_text="Entries in a page."
            ),
        }

    def paginate_queryset(
        self, queryset: QuerySet[Any] | Sequence[Any], request: Request, view: Any = None
    ) -> list[Any]:
        self.name = view.list_name
        self.page = view.validated["page"]
        self.per_page = view.validated.get("per_page", settings.MANAGE_API_PAGE_SIZE)
        start = (self.page - 1) * self.per_page
        found = list(queryset[start : start + self.per_page])
        # A page that is not full is the last one, so its length tells the total.
        is_last = 0 < len(found) < self.per_page or (self.page == 1 and not found)
        if is_last:
            self.total = start + len(found)
        else:
            self.total = queryset.count() if isinstance(queryset, QuerySet) else len(queryset)
        return found

    def get_paginated_response(self, data: Any) -> Response:
        pages = {"total": self.total, "page": self.page, "per_page": self.per_page}
        return Response({self.name: data, **pages})
