"""What an estimate comes to. Pure: decimals in, decimals out.

Each line is rounded at each step, half up, to the decimals of the currency, and the totals are the
sums of the lines: so the page adds up for whoever checks it with a calculator.
"""

from collections.abc import Sequence
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


@dataclass(frozen=True)
class Amounts:
    """`subtotal` less `discount` plus `tax` is `total`."""

    subtotal: Decimal
    discount: Decimal
    tax: Decimal
    total: Decimal


def line_amounts(line: Priced, currency: str) -> Amounts:
    """Of one line: the discount is taken off first, the tax is on what remains."""
    subtotal = product(line.quantity, line.unit_price, currency)
    discount = product(subtotal, line.discount_percent * PERCENT, currency)
    net = total((subtotal, discount.copy_negate()), currency)
    tax = product(net, line.tax_percent * PERCENT, currency)
    return Amounts(subtotal, discount, tax, total((net, tax), currency))


def sum_of(lines: Sequence[Amounts], currency: str) -> Amounts:
    """The sums of the lines."""
    return Amounts(
        subtotal=total((line.subtotal for line in lines), currency),
        discount=total((line.discount for line in lines), currency),
        tax=total((line.tax for line in lines), currency),
        total=total((line.total for line in lines), currency),
    )
