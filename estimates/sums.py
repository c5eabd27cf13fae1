"""What many estimates come to together.

An estimate has up to 200 lines: they are read as plain rows, and no object is made of any.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

from django.db.models import Count, F, FloatField, Q, QuerySet, Sum
from django.db.models.functions import Cast, Coalesce
from django.utils import timezone

from estimates.models import Estimate, LineItem
from estimates.queries import with_status
from estimates.totals import amounts_of
from syteops.core.prepared import Prepared
from syteops.core.reading import how_many_fit
from syteops.lib.currencies import total

Bare = tuple[int, str, Decimal]
"""Of an estimate all that its total follows from, beside its lines: `BARE`."""
BARE = ("pk", "currency", "discount_percent")


class TooManyLines(Exception):
    """To add them up takes longer than somebody may have a process for."""


class CountedLine(NamedTuple):
    """What a line that is in the total says about money."""

    quantity: Decimal
    unit_price: Decimal
    discount_percent: Decimal
    tax_percent: Decimal
    counts: bool = True


def values_by_currency(status: str) -> dict[str, Decimal]:
    """What the estimates of that status come to, for each currency that occurs.

    They are all that were ever sent: of those that are as they were, no line is read again.
    """
    found = _standing(status)(timezone.localdate())
    new = [one for one in found if (one[0], one[-1]) not in _known]
    if len(_known) + len(new) > _MOST_KNOWN:
        _known.clear()
        new = found
    for start in range(0, len(new), _PIECE):
        some = new[start : start + _PIECE]
        due = each_total([one[:3] for one in some])
        _known.update(zip(((one[0], one[-1]) for one in some), due, strict=True))
    return _by_currency((currency, _known[pk, at]) for pk, currency, _, at in found)


_PIECE = 500
_MOST_KNOWN = 100_000
_known: dict[tuple[int, datetime], Decimal] = {}
"""What estimates come to, by primary key and when they were changed last: with that, lines are."""


@cache
def _standing(status: str) -> Prepared[tuple[int, str, Decimal, datetime]]:
    def compose(today: Any) -> Any:
        found = Estimate.objects.filter(with_status(status, today), superseded_by=None)
        return found.order_by().values_list(*BARE, "updated_at")

    return Prepared(compose)


def totals_of(found: Sequence[Bare], most_lines: int | None = None) -> dict[str, Decimal]:
    """What they come to, for each currency that occurs. Raises TooManyLines for more of them."""
    currencies = [currency for _, currency, _ in found]
    return _by_currency(zip(currencies, each_total(found, most_lines), strict=True))


def _by_currency(each: Iterable[tuple[str, Decimal]]) -> dict[str, Decimal]:
    totals: dict[str, list[Decimal]] = defaultdict(list)
    for currency, one in each:
        totals[currency].append(one)
    return {currency: total(amounts, currency) for currency, amounts in sorted(totals.items())}


def each_total(found: Sequence[Bare], most_lines: int | None = None) -> list[Decimal]:
    """What each of them comes to. Raises TooManyLines if more than so many lines count."""
    lines: QuerySet[LineItem] = LineItem.objects.filter(_counts())
    lines = lines.filter(estimate__in=[pk for pk, _, _ in found]).order_by()
    if most_lines is not None:
        lines = lines[: most_lines + 1]
    rows = list(lines.values_list("estimate", *CountedLine._fields[:4]))
    if most_lines is not None and len(rows) > most_lines:
        raise TooManyLines
    of_each: dict[int, list[CountedLine]] = defaultdict(list)
    for pk, *price in rows:
        of_each[pk].append(CountedLine(*price))
    return [amounts_of(of_each[pk], percent, currency).total for pk, currency, percent in found]


def near_total(amount: Decimal, most_lines: int) -> list[Bare]:
    """Those of which the total may be that amount, or have decimals beyond it: the newest ones,
    which have no more than so many lines together.

    The database adds up without rounding, so some are about it only: look at their totals.
    """
    counted = Sum(_unrounded(), filter=_counts("line_items__"))
    sums = Coalesce(counted, 0.0) * (100 - _real("discount_percent")) / 100
    lines = Count("line_items")
    off = 5.0 + 5 * lines + abs(float(amount)) * 1e-9
    summed = Estimate.objects.annotate(about=sums - float(amount), off=off, lines=lines)
    near = summed.filter(about__gte=-F("off"), about__lte=F("off")).order_by("-pk")
    found = list(near.values_list("lines", *BARE)[:most_lines])
    fitting = how_many_fit((lines for lines, *_ in found), most_lines)
    return [(pk, currency, percent) for _, pk, currency, percent in found[:fitting]]


def _counts(prefix: str = "") -> Q:
    """Whether a line is in the total, for a query of what it is reached from by the prefix."""
    return Q(**{f"{prefix}optional": False}) | Q(**{f"{prefix}chosen": True})


def _real(name: str) -> Cast:
    return Cast(F(name), FloatField())


def _unrounded() -> Any:
    """What a line comes to, as part of a query of estimates."""
    quantity, price = _real("line_items__quantity"), _real("line_items__unit_price")
    discount, tax = _real("line_items__discount_percent"), _real("line_items__tax_percent")
    return quantity * price * (100 - discount) * (100 + tax) / 10_000
