"""Currencies (ISO 4217, list one, as of 2026): code, name and exponent; and exact arithmetic.

Codes and names are CLDR's; the exponents are ISO's, since CLDR has what is usual in cash: no
decimals in forints. Left out are the codes in which nobody writes an estimate: metals, bond and
fund units, testing codes.
"""

from collections.abc import Iterable
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal

from babel.core import Locale, get_global
from babel.numbers import get_territory_currencies

USUAL_EXPONENT = 2
# Enough for any sum of any amounts here: no step before the last one rounds.
_EXACT = Context(prec=80, rounding=ROUND_HALF_UP)

_AS_OF = date(2026, 6, 1)  # fixed, so that no code of a stored estimate goes by itself
_NO_TENDER_IN_CLDR = ("CLF", "SVC", "UYI", "UYW", "VED")
_EXPONENTS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}


def _list_one() -> list[str]:
    tender = (get_territory_currencies(one, _AS_OF) for one in get_global("territory_currencies"))
    return sorted({*_NO_TENDER_IN_CLDR, *(code for codes in tender for code in codes)})


NAMES: dict[str, str] = {code: Locale("en").currencies[code] for code in _list_one()}
EXPONENTS: dict[str, int] = dict.fromkeys(NAMES, USUAL_EXPONENT) | {
    code: exponent for exponent, codes in _EXPONENTS.items() for code in codes.split()
}
CODES: tuple[str, ...] = tuple(NAMES)


def choices() -> list[tuple[str, str]]:
    """Code and label of each currency, for a form."""
    return [(code, f"{code} – {name}") for code, name in NAMES.items()]


def rounded(amount: Decimal, currency: str) -> Decimal:
    """The amount with the currency's decimals, rounded half up (half away from zero).

    Nothing is never less than nothing: there is no -0.00.
    """
    unit = Decimal(1).scaleb(-EXPONENTS[currency])
    return _EXACT.add(amount.quantize(unit, context=_EXACT), Decimal(0))


def product(one: Decimal, other: Decimal, currency: str) -> Decimal:
    """`one` times `other`, rounded once."""
    return rounded(_EXACT.multiply(one, other), currency)


def total(amounts: Iterable[Decimal], currency: str) -> Decimal:
    """The sum of amounts of one currency."""
    result = Decimal(0)
    for amount in amounts:
        result = _EXACT.add(result, amount)
    return rounded(result, currency)


def plain(value: Decimal, least_places: int = 0) -> str:
    """The number without needless zeros, but with `least_places` decimals."""
    whole, _, decimals = f"{value.normalize():f}".partition(".")
    decimals = decimals.ljust(least_places, "0")
    return f"{whole}.{decimals}" if decimals else whole
