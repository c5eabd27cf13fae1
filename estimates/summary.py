"""An estimate's money in words, the same on the client's page, on the PDF and in the admin."""

from collections.abc import Collection
from decimal import Decimal

from estimates.models import Estimate, LineItem
from estimates.templatetags.amounts import money, number
from estimates.totals import Amounts


def total_rows(amounts: Amounts, discount_percent: Decimal, currency: str) -> list[tuple[str, str]]:
    """What leads to the total, which is the last: name and amount. What is nothing is left out."""
    rows = [("Subtotal", money(amounts.subtotal, currency))]
    if amounts.line_discount:
        rows.append(("Discount in lines", money(-amounts.line_discount, currency)))
    if amounts.own_discount:
        own = money(-amounts.own_discount, currency)
        rows.append((f"Discount {number(discount_percent)} %", own))
    if amounts.tax or len(amounts.taxes) > 1:
        rows += [
            (f"Tax {number(one.percent)} % on {money(one.net, currency)}", money(one.tax, currency))
            for one in amounts.taxes
        ]
    return [*rows, ("Total", f"{currency} {money(amounts.total, currency)}")]


def totals(estimate: Estimate) -> list[tuple[str, str]]:
    """What leads to an estimate's total."""
    return total_rows(estimate.amounts, estimate.discount_percent, estimate.currency)


def choose(estimate: Estimate, chosen: Collection[int]) -> None:
    """Count these optional lines too, in what is shown; nothing is stored."""
    for line in estimate.line_items.all():
        line.chosen = line.pk in chosen
    vars(estimate).pop("amounts", None)


def parted(estimate: Estimate, is_open: bool) -> tuple[list[LineItem], list[LineItem]]:
    """The lines that count, and those that do not; while it is open, all optional ones apart."""
    firm: list[LineItem] = []
    apart: list[LineItem] = []
    for line in estimate.line_items.all():
        (apart if (line.optional if is_open else not line.counts) else firm).append(line)
    return firm, apart
