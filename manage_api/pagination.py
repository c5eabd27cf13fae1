"""Lists in pages: a constant number of queries whatever the length."""

from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.db.models import QuerySet


def paged(
    name: str,
    queryset: QuerySet[Any],
    values: Mapping[str, Any],
    show: Callable[[list[Any]], list[Any]],
) -> dict[str, Any]:
    """One page of `queryset` under `name`, with `total`, `page` and `per_page`."""
    page, per_page = (
        values["page"],
        values.get("per_page", settings.MANAGE_API_PAGE_SIZE),
    )
    start = (page - 1) * per_page
    found = list(queryset[start : start + per_page])
    counted = 0 < len(found) < per_page or (page == 1 and not found)
    total = start + len(found) if counted else queryset.count()
    return {name: show(found), "total": total, "page": page, "per_page": per_page}
