"""Money adds up: for every currency, to the last digit."""

from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimates.totals import Amounts, line_amounts, sum_of
from syteops.lib.currencies import EXPONENTS, rounded


@dataclass(frozen=True)
class Line:
    quantity: Decimal
    unit_price: Decimal
    discount_percent: Decimal = Decimal(0)
    tax_percent: Decimal = Decimal(0)


def line(quantity: str, price: str, discount: str = "0", tax: str = "0") -> Line:
    return Line(Decimal(quantity), Decimal(price), Decimal(discount), Decimal(tax))


currencies = st.sampled_from(sorted(EXPONENTS))
percents = st.decimals(0, 100, places=3)
lines = st.builds(
    Line,
    quantity=st.decimals("0.0001", "99999999.9999", places=4),
    unit_price=st.decimals(0, "99999999999.9999", places=4),
    discount_percent=percents,
    tax_percent=percents,
)


def half_up(exact: Fraction, exponent: int) -> Decimal:
    """School rounding, worked out with whole numbers."""
    unit = exact * 10**exponent
    whole = (2 * unit.numerator + unit.denominator) // (2 * unit.denominator)
    return Decimal(whole).scaleb(-exponent)


@pytest.mark.parametrize(
    ("one", "currency", "amounts"),
    [
        (line("1", "0.005"), "EUR", "0.01 0.00 0.00 0.01"),
        (line("1", "0.0049"), "EUR", "0.00 0.00 0.00 0.00"),
        (line("1", "1.005"), "EUR", "1.01 0.00 0.00 1.01"),
        (line("3", "33.33", "0", "19"), "EUR", "99.99 0.00 19.00 118.99"),
        (line("1", "0.5"), "JPY", "1 0 0 1"),
        (line("2", "99.5", "10", "10"), "JPY", "199 20 18 197"),
        (line("1", "1.0005"), "KWD", "1.001 0.000 0.000 1.001"),
        (line("1", "0.00005"), "CLF", "0.0001 0.0000 0.0000 0.0001"),
        (line("10", "19.99", "100", "20"), "USD", "199.90 199.90 0.00 0.00"),
        (line("0.25", "100", "12.5", "8.875"), "USD", "25.00 3.13 1.94 23.81"),
    ],
)
def test_a_line_comes_to_what_a_person_works_out(one: Line, currency: str, amounts: str) -> None:
    assert line_amounts(one, currency) == Amounts(*map(Decimal, amounts.split()))
    shown = line_amounts(one, currency)
    assert " ".join(str(getattr(shown, n)) for n in ("subtotal", "discount", "tax", "total")) == (
        amounts
    )


@given(lines, currencies)
def test_each_step_is_rounded_half_up_once(one: Line, currency: str) -> None:
    exponent = EXPONENTS[currency]
    subtotal = half_up(Fraction(one.quantity) * Fraction(one.unit_price), exponent)
    discount = half_up(Fraction(subtotal) * Fraction(one.discount_percent) / 100, exponent)
    net = Fraction(subtotal) - Fraction(discount)
    tax = half_up(net * Fraction(one.tax_percent) / 100, exponent)

    found = line_amounts(one, currency)

    assert (found.subtotal, found.discount, found.tax) == (subtotal, discount, tax)
    assert Fraction(found.total) == net + Fraction(tax)


@given(st.lists(lines, max_size=8), currencies)
def test_totals_are_the_sums_of_the_lines_and_consistent(given: list[Line], currency: str) -> None:
    each = [line_amounts(one, currency) for one in given]

    found = sum_of(each, currency)

    for name in ("subtotal", "discount", "tax", "total"):
        exact = sum((Fraction(getattr(one, name)) for one in each), Fraction(0))
        assert Fraction(getattr(found, name)) == exact
    assert Fraction(found.total) == (
        Fraction(found.subtotal) - Fraction(found.discount) + Fraction(found.tax)
    )


@given(lines, currencies)
def test_nothing_is_ever_negative_and_a_discount_never_exceeds_the_line(
    one: Line, currency: str
) -> None:
    found = line_amounts(one, currency)

    assert 0 <= found.discount <= found.subtotal
    assert found.tax >= 0
    assert found.total >= 0
    free = line_amounts(replace(one, discount_percent=Decimal(100)), currency)
    assert free.total == 0


@given(st.decimals(0, 10**12, places=6), currencies)
def test_an_amount_has_exactly_the_decimals_of_its_currency(amount: Decimal, currency: str) -> None:
    assert -int(rounded(amount, currency).as_tuple().exponent) == EXPONENTS[currency]


def test_no_lines_come_to_nothing() -> None:
    assert sum_of([], "EUR").total == 0
    assert str(sum_of([], "EUR").total) == "0.00"
    assert str(sum_of([], "JPY").total) == "0"
