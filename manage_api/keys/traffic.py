"""How much the API was used of late: calls and refusals of each day and key, from what is stored.

Calls are counted by the hour for each key (see `usage`); refusals are entries of the audit trail,
which notes the same one of a key once a minute. So nothing more is written for this, and each
figure has a page that lists it.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from heapq import nlargest

from django.db.models import Count, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone
from django.utils.formats import date_format

from manage_api.keys.models import KeyCalls, ManageKey
from manage_api.keys.queries import refusals
from syteops.audit.models import AuditEntry

DAYS = 14
SHOWN = 20
"""Keys of which each figure is shown; the chart has all of them."""
HEIGHT, WIDTH, GAP = 96, 36, 6
"""Of the chart, and of a day's bar with the gap behind it, in its own units."""


@dataclass(frozen=True)
class Bar:
    """A part of a day's bar, from the top left corner; both parts of a day end at the bottom."""

    x: int
    y: float
    height: float


@dataclass(frozen=True)
class Day:
    """One day of the site's time zone: what was called and refused, and its bars."""

    day: date
    calls: int
    refused: int
    called_bar: Bar
    refused_bar: Bar


@dataclass(frozen=True)
class Named:
    """A day as addresses and people name it, made once for all keys."""

    address: str
    shown: str


@dataclass(frozen=True)
class Use:
    """What one key did in all these days, and on each of them."""

    key: ManageKey
    calls: int
    refused: int
    per_day: list[tuple[Named, int, int]]


@dataclass(frozen=True)
class Traffic:
    """The days in order, the keys that are shown, the busiest first, and how many there are."""

    days: list[Day]
    keys: list[Use]
    used: int

    @property
    def most(self) -> int:
        """The calls of the busiest day."""
        return max(one.calls for one in self.days)

    @property
    def width(self) -> int:
        return len(self.days) * WIDTH


Counts = Mapping[tuple[str, date], int]
"""By a key's public id and the day."""


def traffic(entries: QuerySet[AuditEntry]) -> Traffic:
    """The traffic of the last days, with the refusals that are among `entries`; eight queries."""
    today = timezone.localdate()
    days = [today - timedelta(ago) for ago in reversed(range(DAYS))]
    begin = timezone.make_aware(datetime.combine(days[0], time.min))
    calls = KeyCalls.objects.filter(hour__gte=begin).order_by()
    refused = _refused(refusals(entries).filter(at__gte=begin))
    shown, used = _busiest(calls, refused)
    found = ManageKey.objects.defer("verifier").filter(pk__in=shown)
    called = _called(calls.filter(key__in=shown))
    named = {day: Named(day.isoformat(), date_format(day, "j M")) for day in days}
    keys = [_use(key, named, called, refused) for key in found]
    keys.sort(key=lambda one: (-one.calls, -one.refused, one.key.name))
    bars = _with_bars(days, _called_by_day(calls), _by_day(refused))
    return Traffic(bars, keys, used)


def _busiest(calls: QuerySet[KeyCalls], refused: Counts) -> tuple[list[int], int]:
    """The keys that are shown, and how many were used.

    Of those that were never refused, the database finds the few that may be among them.
    """
    turned_away: Counter[str] = Counter()
    for (public_id, _), count in refused.items():
        turned_away[public_id] += count
    of_refused = ManageKey.objects.filter(public_id__in=turned_away).values_list("pk", "public_id")
    refusals_of = {pk: turned_away[public_id] for pk, public_id in of_refused}
    counted = calls.values_list("key_id").annotate(sum=Sum("calls"))
    found = dict(counted.order_by("-sum", "key_id")[:SHOWN])
    found |= dict(counted.filter(key__among=refusals_of.keys()))
    shown = nlargest(
        SHOWN,
        found.keys() | refusals_of.keys(),
        lambda pk: (found.get(pk, 0), refusals_of.get(pk, 0), -pk),
    )
    others = calls.exclude(key__among=refusals_of.keys())
    return shown, len(refusals_of) + others.values("key_id").distinct().count()


def _called(calls: QuerySet[KeyCalls]) -> Counts:
    found = calls.annotate(day=TruncDate("hour"))
    counted = found.values_list("key__public_id", "day").annotate(count=Sum("calls"))
    return {(key, day): count for key, day, count in counted}


def _called_by_day(calls: QuerySet[KeyCalls]) -> Counter[date]:
    """By the hour, of which there are few: SQLite calls Python for each day that it computes."""
    found: Counter[date] = Counter()
    for hour, count in calls.values_list("hour").annotate(Sum("calls")):
        found[timezone.localdate(hour)] += count
    return found


def _refused(found: QuerySet[AuditEntry]) -> Counts:
    counted = found.annotate(day=TruncDate("at")).order_by().values_list("actor_id", "day")
    return {(key, day): count for key, day, count in counted.annotate(count=Count("pk"))}


def _by_day(counts: Counts) -> Counter[date]:
    found: Counter[date] = Counter()
    for (_, day), count in counts.items():
        found[day] += count
    return found


def _use(key: ManageKey, days: Mapping[date, Named], called: Counts, refused: Counts) -> Use:
    id_ = key.public_id
    rows = [
        (named, called.get((id_, day), 0), refused.get((id_, day), 0))
        for day, named in days.items()
    ]
    return Use(key, sum(row[1] for row in rows), sum(row[2] for row in rows), rows)


def _with_bars(days: list[date], called: Counter[date], refused: Counter[date]) -> list[Day]:
    highest = max(*called.values(), *refused.values(), 1, 1)

    def bar(place: int, count: int) -> Bar:
        height = round(HEIGHT * count / highest, 1) if count else 0
        height = max(height, 2) if count else 0  # there is some
        return Bar(place * WIDTH, HEIGHT - height, height)

    return [
        Day(day, called[day], refused[day], bar(place, called[day]), bar(place, refused[day]))
        for place, day in enumerate(days)
    ]
