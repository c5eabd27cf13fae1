"""Numbers on the client's page, written as people there write them."""

from decimal import Decimal

from django import template
from django.utils.formats import number_format

from syteops.lib.currencies import EXPONENTS, plain

register = template.Library()


@register.filter
def money(amount: Decimal, currency: str) -> str:
    """1,234.50: with the currency's decimals, or more where the number has more."""
    text = plain(amount, EXPONENTS[currency])
    shown = number_format(Decimal(text), len(text.partition(".")[2]), force_grouping=True)
    return shown.replace("-", "\N{MINUS SIGN}")


@register.filter
def number(value: Decimal) -> str:
    """2 or 2.5, without needless zeros."""
    text = plain(value)
    return number_format(Decimal(text), len(text.partition(".")[2]), force_grouping=True)
