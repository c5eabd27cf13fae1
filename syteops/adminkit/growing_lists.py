"""Lists of the admin that grow: what a page costs follows from what is shown."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.utils import timezone

from syteops.core.search import MANY

FEW = 1000
"""Of so many rows all dates are read at once: a search would look for each of them anew."""


class KeysFirst(Paginator):  # type: ignore[type-arg]
    """Looks for the keys of a page and then fetches its rows: what is skipped is never read."""

    def page(self, number: Any) -> Page[Any]:
        number = self.validate_number(number)
        start = (number - 1) * self.per_page
        end = self.count if start + self.per_page + self.orphans >= self.count else None
        found: Any = self.object_list
        keys = list(found.values_list("pk", flat=True)[start : end or start + self.per_page])
        return Page(found.filter(pk__in=keys), number, self)


class AtLeast(int):
    """A number that is known to be larger: "2,000+"."""

    def __str__(self) -> str:
        return f"{int(self):,}+"


class FirstOfMany(KeysFirst):
    """The same of what is searched for: of more than MANY that fit, these are on pages.

    To count them all would take longer than to find the page.
    """

    @cached_property
    def count(self) -> int:
        found: Any = self.object_list
        count: int = found.order_by().values("pk")[: MANY + 1].count()
        return count if count <= MANY else AtLeast(MANY)


class Periods:
    """The years, months and days in which there are rows; for the line above a list.

    Django reads the date of every row for it. From one period to the next is one look into an
    index.
    """

    def __init__(self, found: QuerySet[Any], name: str, count: int) -> None:
        values = found.exclude(**{name: None}).values_list(name, flat=True)
        self._values, self._name, self._count = values.order_by(name), name, count

    def aggregate(self, **ends: Any) -> dict[str, Any]:
        """`first` and `last`, whatever the expressions are that Django has for them."""
        if self._few is not None:
            first, *_ = last = self._few or [None]
            return {"first": first, "last": last[-1]}
        return {"first": self._values.first(), "last": self._values.last()}

    def dates(self, name: str, kind: str) -> list[date]:
        """The first day of each year, month or day in which there are rows."""
        return list(self._begins(kind))

    datetimes = dates

    @cached_property
    def _few(self) -> list[Any] | None:
        return list(self._values) if self._count <= FEW else None

    def _begins(self, kind: str) -> Iterator[date]:
        if self._few is not None:
            yield from sorted({_begin(_day(value), kind) for value in self._few})
            return
        value = self._values.first()
        while value is not None:
            begin = _begin(_day(value), kind)
            yield begin
            following = _following(begin, kind)
            value = following and self._from(following, isinstance(value, datetime)).first()

    def _from(self, day: date, is_moment: bool) -> Any:
        begin = timezone.make_aware(datetime.combine(day, time.min)) if is_moment else day
        return self._values.filter(**{f"{self._name}__gte": begin})


def _day(value: Any) -> date:
    return timezone.localtime(value).date() if isinstance(value, datetime) else value


def _begin(day: date, kind: str) -> date:
    return {"year": day.replace(month=1, day=1), "month": day.replace(day=1), "day": day}[kind]


def _following(begin: date, kind: str) -> date | None:
    """Where the next period begins; None at the end of time."""
    longest = {"year": 366, "month": 31, "day": 1}[kind]
    try:
        return _begin(begin + timedelta(longest), kind)
    except OverflowError:
        return None
