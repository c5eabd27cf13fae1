"""Decimals of line items over the API: as text, exactly, or as JSON numbers."""

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from rest_framework import serializers

from syteops.lib.currencies import plain
from syteops.lib.spelling import DECIMAL


class DecimalTextField(serializers.Field[Decimal, Any, str, Any]):
    """A decimal of the form `form` as text, or a JSON number between `least` and `most`.

    A JSON number is rounded to `places` decimals, since 0.1 + 0.2 is not 0.3 there.
    """

    default_error_messages = {
        "invalid": 'Send a decimal as text, such as "12.50".',
        "max_value": "Send a number from {least} to {most}, with {places} decimals at most.",
    }

    def __init__(self, *, form: str, least: str, most: str, places: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.form, self.places = re.compile(form), places
        self.least, self.most = Decimal(least), Decimal(most)

    def to_internal_value(self, data: Any) -> Decimal:
        if isinstance(data, bool) or not isinstance(data, str | int | float):
            self.fail("invalid")
        if isinstance(data, str) and not DECIMAL.fullmatch(data):
            self.fail("invalid")
        value = Decimal(str(data))
        if not value.is_finite():
            self.fail("invalid")
        fits = self.form.fullmatch(data) if isinstance(data, str) else True
        if not fits or not self.least <= value <= self.most:
            self.fail("max_value", least=self.least, most=self.most, places=self.places)
        # Nothing is never less than nothing: "-0" is 0.
        return value.quantize(Decimal(1).scaleb(-self.places), ROUND_HALF_UP) or Decimal(0)

    def to_representation(self, value: Decimal) -> str:
        return plain(value)


class DecimalTextExtension(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """Text of the form. A JSON number is taken as well, but no client needs two types."""

    target_class = "estimates.fields.DecimalTextField"

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        if direction == "response":
            return {"type": "string", "format": "decimal"}
        return {"type": "string", "format": "decimal", "pattern": f"^{self.target.form.pattern}$"}


def quantity_field(**kwargs: Any) -> DecimalTextField:
    """More than nothing, with four decimals at most."""
    form = r"(?=[0-9.]*[1-9])0*[0-9]{1,8}(?:\.[0-9]{1,4})?"
    return DecimalTextField(form=form, least="0.0001", most="99999999.9999", places=4, **kwargs)


def price_field(**kwargs: Any) -> DecimalTextField:
    """With four decimals at most; below nothing, it is taken off."""
    form = r"-?0*[0-9]{1,11}(?:\.[0-9]{1,4})?"
    most = "99999999999.9999"
    return DecimalTextField(form=form, least=f"-{most}", most=most, places=4, **kwargs)


def percent_field(**kwargs: Any) -> DecimalTextField:
    """From 0 to 100, with three decimals at most."""
    form = r"(?:0*100(?:\.0{1,3})?|0*[0-9]{1,2}(?:\.[0-9]{1,3})?|-0+(?:\.0{1,3})?)"
    return DecimalTextField(form=form, least="0", most="100", places=3, **kwargs)
