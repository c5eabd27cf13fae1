"""Money adds up: for every currency, to the last digit."""

from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from math import floor
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from estimates.totals import LineAmounts, amounts_of, line_amounts
from syteops.lib.currencies import EXPONENTS, rounded
from tests.effort import at_most

NO = Decimal(0)


@dataclass(frozen=True)
class Line:
    quantity: Decimal
    unit_price: Decimal
    discount_percent: Decimal = NO
    tax_percent: Decimal = NO
    counts: bool = True


def line(
    quantity: str, price: str, discount: str = "0", tax: str = "0", counts: bool = True
) -> Line:
    return Line(Decimal(quantity), Decimal(price), Decimal(discount), Decimal(tax), counts)


currencies = st.sampled_from(sorted(EXPONENTS))
percents = st.decimals(0, 100, places=3)
lines = st.builds(
    Line,
    quantity=st.decimals("0.0001", "99999999.9999", places=4),
    unit_price=st.decimals("-99999999999.9999", "99999999999.9999", places=4),
    discount_percent=percents,
    tax_percent=percents,
    counts=st.booleans(),
)


@pytest.mark.parametrize(
    ("one", "currency", "amounts"),
    [
        (line("1", "0.005"), "EUR", "0.01 0.00 0.01"),
        (line("1", "0.0049"), "EUR", "0.00 0.00 0.00"),
        (line("1", "-0.0049"), "EUR", "0.00 0.00 0.00"),
        (line("1", "-0.005"), "EUR", "-0.01 0.00 -0.01"),
        (line("1", "1.005"), "EUR", "1.01 0.00 1.01"),
        (line("1", "0.5"), "JPY", "1 0 1"),
        (line("2", "99.5", "10", "10"), "JPY", "199 20 179"),
        (line("2", "-99.5", "10", "10"), "JPY", "-199 -20 -179"),
        (line("1", "1.0005"), "KWD", "1.001 0.000 1.001"),
        (line("1", "0.00005"), "CLF", "0.0001 0.0000 0.0001"),
        (line("10", "19.99", "100", "20"), "USD", "199.90 199.90 0.00"),
        (line("0.25", "100", "12.5", "8.875"), "USD", "25.00 3.13 21.87"),
    ],
)
def test_a_line_comes_to_what_a_person_works_out(one: Line, currency: str, amounts: str) -> None:
    found = line_amounts(one, currency)

    assert found == LineAmounts(*map(Decimal, amounts.split()))
    assert " ".join(map(str, (found.subtotal, found.discount, found.net))) == amounts


@pytest.mark.parametrize(
    ("given", "discount", "currency", "taxes", "total"),
    [
        pytest.param([line("3", "33.33", "0", "19")], "0", "EUR", "19: 99.99 19.00", "118.99",
                     id="one rate"),
        pytest.param([line("1", "0.02", tax="20")] * 3, "0", "EUR", "20: 0.06 0.01", "0.07",
                     id="a tax on the rate's sum, where that of each line would be nothing"),
        pytest.param([line("1", "100", tax="20"), line("1", "50", tax="10"), line("1", "30")],
                     "10", "EUR", "0: 27.00 0.00, 10: 45.00 4.50, 20: 90.00 18.00", "184.50",
                     id="three rates"),
        pytest.param([line("1", "0.05", tax="20"), line("1", "0.05", tax="10")], "10", "EUR",
                     "10: 0.04 0.00, 20: 0.05 0.01", "0.10",
                     id="ten percent of 0.10 is 0.01, not twice 0.01"),
        pytest.param([line("1", "100", tax="20"), line("1", "-40", tax="20")], "50", "CHF",
                     "20: 30.00 6.00", "36.00", id="a negative line"),
        pytest.param([line("1", "10"), line("1", "-40", tax="10")], "0", "JPY",
                     "0: 10 0, 10: -40 -4", "-34", id="less than nothing"),
        pytest.param([line("1", "100", tax="20"), line("1", "99", tax="7", counts=False)], "0",
                     "KWD", "20: 100.000 20.000", "120.000", id="an option"),
        pytest.param([], "10", "EUR", "", "0.00", id="no lines"),
        pytest.param([], "10", "JPY", "", "0", id="no lines in yen"),
        pytest.param([line("7", "9.99", tax="20")], "100", "EUR", "20: 0.00 0.00", "0.00",
                     id="all taken off"),
    ],
)  # fmt: skip
def test_an_estimate_comes_to_what_a_person_works_out(
    given: list[Line], discount: str, currency: str, taxes: str, total: str
) -> None:
    found = amounts_of(given, Decimal(discount), currency)

    assert ", ".join(f"{one.percent}: {one.net} {one.tax}" for one in found.taxes) == taxes
    assert str(found.total) == total


# --- An independent reference: whole numbers of the smallest unit, and fractions -----------------


def whole(exact: Fraction) -> int:
    """School rounding, the same on both sides of nought."""
    size = floor(abs(exact) + Fraction(1, 2))
    return size if exact >= 0 else -size


def reference(given: list[Line], discount: Decimal, exponent: int) -> dict[str, object]:
    gross, taken, nets = 0, 0, dict[Fraction, int]()
    for one in given:
        if one.counts:
            subtotal = whole(Fraction(one.quantity) * Fraction(one.unit_price) * 10**exponent)
            less = whole(subtotal * Fraction(one.discount_percent) / 100)
            gross, taken = gross + subtotal, taken + less
            rate = Fraction(one.tax_percent)
            nets[rate] = nets.get(rate, 0) + subtotal - less
    share = Fraction(discount) / 100
    taxes, running = list[tuple[Fraction, int, int]](), 0
    for rate in sorted(nets):
        part = whole((running + nets[rate]) * share) - whole(running * share)
        running += nets[rate]
        taxes.append((rate, nets[rate] - part, whole((nets[rate] - part) * rate / 100)))
    own, tax = whole((gross - taken) * share), sum(tax for *_, tax in taxes)
    amounts = {"subtotal": gross, "line_discount": taken, "own_discount": own, "tax": tax}
    return {**amounts, "taxes": taxes, "total": gross - taken - own + tax}


def agree(given: list[Line], discount: Decimal, currency: str) -> None:
    exponent = EXPONENTS[currency]
    found, wanted = amounts_of(given, discount, currency), reference(given, discount, exponent)

    def units(amount: Decimal) -> int:
        assert -int(amount.as_tuple().exponent) == exponent
        assert str(amount).strip("-0.") or not str(amount).startswith("-"), "no -0.00"
        return int(amount.scaleb(exponent))

    taxes = [(Fraction(one.percent), units(one.net), units(one.tax)) for one in found.taxes]
    assert taxes == wanted.pop("taxes")
    assert {name: units(getattr(found, name)) for name in wanted} == wanted
    assert units(found.discount) == units(found.line_discount) + units(found.own_discount)
    assert found.subtotal - found.discount + found.tax == found.total
    assert sum((one.net for one in found.taxes), NO) == found.subtotal - found.discount
    assert sum((one.tax for one in found.taxes), NO) == found.tax


def a_random_estimate(random: Random) -> tuple[list[Line], Decimal, str]:
    """Of prices and percentages as people write them, in one of the four currencies."""

    def one_of(*values: str) -> Decimal:
        return Decimal(random.choice(values))

    rates = random.choice([("0", "10", "20"), ("7", "19", "0"), ("2.6", "3.8", "8.1")])
    made = [
        Line(
            quantity=one_of("1", "2", "0.25", "7.5", "0.3333", str(random.randint(1, 5000))),
            unit_price=Decimal(random.randint(-20_000, 200_000)).scaleb(-random.randint(0, 4)),
            discount_percent=one_of("0", "0", "5", "12.5", "33.333", "100"),
            tax_percent=one_of(*rates),
            counts=random.random() > 0.1,
        )
        for _ in range(random.randint(0, 8))
    ]
    discount = one_of("0", "0", "3", "10", "12.345", "100")
    return made, discount, random.choice(["EUR", "JPY", "KWD", "CHF"])


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32))
def test_ten_thousand_random_estimates_agree_with_the_reference(seed: int) -> None:
    random = Random(seed)
    for _ in range(100):
        agree(*a_random_estimate(random))


@given(st.lists(lines, max_size=8), percents, currencies)
def test_any_estimate_in_any_currency_agrees_with_the_reference(
    given: list[Line], discount: Decimal, currency: str
) -> None:
    agree(given, discount, currency)


@given(lines, currencies)
def test_a_line_below_nought_is_the_mirror_of_the_one_above(one: Line, currency: str) -> None:
    found, other = (
        line_amounts(each, currency) for each in (one, replace(one, unit_price=-one.unit_price))
    )

    assert (found.subtotal, found.discount, found.net) == (
        -other.subtotal, -other.discount, -other.net,
    )  # fmt: skip
    assert abs(found.discount) <= abs(found.subtotal)


@given(st.lists(lines, max_size=8), currencies)
def test_whatever_is_taken_off_whole_is_free(given: list[Line], currency: str) -> None:
    assert amounts_of(given, Decimal(100), currency).total == 0


@given(st.decimals(-(10**12), 10**12, places=6), currencies)
def test_an_amount_has_exactly_the_decimals_of_its_currency(amount: Decimal, currency: str) -> None:
    assert -int(rounded(amount, currency).as_tuple().exponent) == EXPONENTS[currency]


def test_as_many_rates_as_lines_are_worked_out_in_linear_time() -> None:
    """200 estimates are listed at once."""
    given = [line("1", "10", tax=str(n / 1000)) for n in range(12_000)]
    with at_most(2):  # 0.2; each rate looked through all lines, which takes 14
        found = amounts_of(given, Decimal(10), "EUR")
    assert len(found.taxes) == len(given)
