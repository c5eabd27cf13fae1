"""What the admin's form shows while it is filled in: amounts, and clients of former estimates.

Nothing is stored. The amounts are those that would be saved: it is the same arithmetic.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.forms import BaseForm

from estimates.models import Estimate, LineItem
from estimates.queries import PRICED, SEARCHED
from estimates.summary import total_rows
from estimates.templatetags.amounts import money
from estimates.totals import amounts_of, line_amounts
from syteops.core.search import search, words_of
from syteops.lib.currencies import EXPONENTS
from syteops.lib.folding import fold

MOST_CLIENTS = 8
_MOST_READ = 300
_NAMED = ("client_name", "client_company", "client_email")
_CLIENT = (*_NAMED, "crm_system", "crm_contact_id")


@dataclass(frozen=True)
class Live:
    """The amount of each row by its place, and what leads to the total; "" where it is unknown."""

    lines: Mapping[int, str]
    totals: list[tuple[str, str]]


def amounts_typed(
    rows: Mapping[int, BaseForm], discount_percent: Decimal | None, currency: str
) -> Live:
    """What the rows of the form come to as they are. Without totals while a number is missing."""
    if currency not in EXPONENTS or discount_percent is None:
        return Live(dict.fromkeys(rows, ""), [])
    lines = {place: _line(form) for place, form in rows.items()}
    known = {place: line for place, line in lines.items() if line}
    shown = {
        place: money(line_amounts(one, currency).net, currency) for place, one in known.items()
    }
    if len(known) < len(lines):
        return Live({**dict.fromkeys(rows, ""), **shown}, [])
    amounts = amounts_of(known.values(), discount_percent, currency)
    return Live(shown, total_rows(amounts, discount_percent, currency))


def _line(form: BaseForm) -> LineItem | None:
    """The row as a line, whatever it is called; None while one of its numbers cannot be read."""
    form.is_valid()
    values = {name: form.cleaned_data.get(name) for name in PRICED if name != "chosen"}
    if None in values.values():
        return None
    line = LineItem(**values)
    try:
        line.clean_fields(exclude={one.name for one in line._meta.fields} - values.keys())
    except ValidationError:
        return None
    return line


def clients_like(text: str) -> list[dict[str, Any]]:
    """The clients of former estimates whose names have all words of `text`, the latest first."""
    words = words_of(text)
    if not words:
        return []
    found = search(Estimate.objects.all(), SEARCHED, text).order_by("-updated_at", "-pk")
    fitting = (one for one in found.values(*_CLIENT)[:_MOST_READ] if _fits(one, words))
    return [dict(zip(_CLIENT, one, strict=True)) for one in _distinct(fitting)]


def _fits(client: Mapping[str, Any], words: Iterable[str]) -> bool:
    names = fold(" ".join(client[name] for name in _NAMED))
    return all(word in names for word in words)


def _distinct(clients: Iterator[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
    seen: dict[tuple[Any, ...], None] = {}
    for one in clients:
        seen[tuple(one[name] for name in _CLIENT)] = None
        if len(seen) == MOST_CLIENTS:
            break
    return [*seen]
