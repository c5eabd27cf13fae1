"""What an estimate comes to. Pure: decimals in, decimals out.

An amount is rounded half up (half away from zero) to the decimals of the currency at these steps,
and at no others; all else is sums of rounded amounts, so the page adds up for whoever checks it:

1. Of each line the `subtotal`, quantity times unit price, and the `discount`, a percentage of that;
   what remains is its `net`.
2. The estimate's discount, a percentage of the sum of the nets. Each tax rate bears its part: the
   discount on the nets of all rates up to it, less that of those before it.
3. The tax of each rate: that percentage of what is left of the rate's nets (as in EN 16931).

An optional line counts once the client has chosen it.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from syteops.lib.currencies import product, total

PERCENT = Decimal("0.01")


class Priced(Protocol):
    """What a line item says about money."""

    @property
    def quantity(self) -> Decimal: ...
    @property
    def unit_price(self) -> Decimal: ...
    @property
    def discount_percent(self) -> Decimal: ...
    @property
    def tax_percent(self) -> Decimal: ...
    @property
    def counts(self) -> bool: ...


@dataclass(frozen=True)
class LineAmounts:
    """Of one line: `subtotal` less `discount` is `net`."""

    subtotal: Decimal
    discount: Decimal
    net: Decimal


@dataclass(frozen=True)
class RateAmounts:
    """Of all lines of one tax rate: the tax is on `net`, which is less all discounts."""

    percent: Decimal
    net: Decimal
    tax: Decimal


@dataclass(frozen=True)
class Amounts:
    """`subtotal` less `discount` plus `tax` is `total`; the nets and the taxes of the rates add up.

    `discount` is that of the lines, `line_discount`, and the estimate's own.
    """

    subtotal: Decimal
    line_discount: Decimal
    own_discount: Decimal
    discount: Decimal
    taxes: tuple[RateAmounts, ...]
    tax: Decimal
    total: Decimal


def line_amounts(line: Priced, currency: str) -> LineAmounts:
    """Of one line, whether it counts or not."""
    subtotal = product(line.quantity, line.unit_price, currency)
    discount = _percentage(subtotal, line.discount_percent, currency)
    return LineAmounts(subtotal, discount, _less(subtotal, discount, currency))


def amounts_of(lines: Iterable[Priced], discount_percent: Decimal, currency: str) -> Amounts:
    """Of all lines that count, with the estimate's discount."""
    counted = [(line.tax_percent, line_amounts(line, currency)) for line in lines if line.counts]
    subtotal = total((one.subtotal for _, one in counted), currency)
    of_lines = total((one.discount for _, one in counted), currency)
    own = _percentage(_less(subtotal, of_lines, currency), discount_percent, currency)
    taxes = _taxes(counted, discount_percent, currency)
    tax = total((one.tax for one in taxes), currency)
    due = total((*(one.net for one in taxes), tax), currency)
    return Amounts(subtotal, of_lines, own, total((of_lines, own), currency), taxes, tax, due)


def _taxes(
    counted: Sequence[tuple[Decimal, LineAmounts]], discount_percent: Decimal, currency: str
) -> tuple[RateAmounts, ...]:
    """Each rate with what is left of its nets, the lowest rate first."""
    of_rates: dict[Decimal, list[Decimal]] = defaultdict(list)
    for rate, one in counted:
        of_rates[rate].append(one.net)
    found, before, discounted = [], Decimal(0), Decimal(0)
    for percent, each in sorted(of_rates.items()):
        nets = total(each, currency)
        before = total((before, nets), currency)
        discount = _percentage(before, discount_percent, currency)
        net = total((nets, discounted, discount.copy_negate()), currency)
        discounted = discount
        found.append(RateAmounts(percent, net, _percentage(net, percent, currency)))
    return tuple(found)


def _percentage(amount: Decimal, percent: Decimal, currency: str) -> Decimal:
    return product(amount, percent * PERCENT, currency)


def _less(amount: Decimal, other: Decimal, currency: str) -> Decimal:
    return total((amount, other.copy_negate()), currency)
