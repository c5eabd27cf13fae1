"""The list of currencies."""

from decimal import Decimal

import pytest

from syteops.lib import currencies


def test_every_currency_has_a_code_a_name_and_an_exponent() -> None:
    assert len(currencies.CODES) == len(set(currencies.CODES)) == 158
    for code in currencies.CODES:
        assert len(code) == 3
        assert code.isupper()
        assert currencies.NAMES[code].strip()
        assert currencies.EXPONENTS[code] in (0, 2, 3, 4)
    assert set(currencies.EXPONENTS) == set(currencies.NAMES)


@pytest.mark.parametrize(
    ("code", "exponent"), [("EUR", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4), ("HUF", 2), ("ISK", 0)]
)
def test_exponents_are_those_of_iso_4217(code: str, exponent: int) -> None:
    assert currencies.EXPONENTS[code] == exponent


@pytest.mark.parametrize("code", ["XXX", "XAU", "XTS", "BGN", "HRK", "eur", ""])
def test_what_nobody_pays_with_is_left_out(code: str) -> None:
    assert code not in currencies.NAMES


@pytest.mark.parametrize(
    ("amount", "code", "rounded"),
    [
        ("0.005", "EUR", "0.01"),
        ("2.5", "JPY", "3"),
        ("-0.005", "EUR", "-0.01"),
        ("1", "EUR", "1.00"),
    ],
)
def test_halves_are_rounded_up(amount: str, code: str, rounded: str) -> None:
    assert str(currencies.rounded(Decimal(amount), code)) == rounded


def test_a_sum_of_many_large_amounts_is_exact() -> None:
    amounts = [Decimal("99999999999999999999999999.99"), Decimal("0.01")] * 1000

    assert currencies.total(amounts, "EUR") == Decimal("100000000000000000000000000000.00")
