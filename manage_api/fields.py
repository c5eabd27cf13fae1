"""Strict fields of serializers: each takes what is meant, or tells what is wrong and the cure.

No coercion between JSON types; a mask is no secret. Query strings carry only text, so there
(`context["text"]`) numbers and booleans are read from text.
"""

import re
from datetime import UTC, datetime
from functools import lru_cache
from sys import maxsize
from typing import Any, ClassVar

import orjson
from django.core.exceptions import ValidationError as DjangoValidationError
from django.core.validators import (
    EmailValidator,
    MaxLengthValidator,
    ProhibitNullCharactersValidator,
    URLValidator,
)
from django.utils.functional import cached_property
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.fields import SkipField, empty, get_error_detail
from rest_framework.validators import ProhibitSurrogateCharactersValidator

from syteops.core.entities import Numbered
from syteops.core.identifiers import slot_validator
from syteops.lib.mail_addresses import validate_mail_address
from syteops.lib.masks import LONGEST_SECRET, SENT_BACK, is_mask
from syteops.lib.spelling import DAY, DECIMAL, WHOLE
from syteops.lib.text import NOT_ONE_LINE, is_blank, is_one_line
from syteops.lib.urls import validate_web_address

_MOMENT = re.compile(
    rf"{DAY.pattern}[Tt][0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}(\.[0-9]{{1,9}})?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
MOMENT_NEEDED = (
    "Send a time with its offset (RFC 3339), such as 2026-01-31T12:00:00Z. In an address, + is %2B."
)


def _from_text(field: "serializers.Field[Any, Any, Any, Any]") -> bool:
    return bool(field.context.get("text"))


class _NoSurrogates(ProhibitSurrogateCharactersValidator):
    """As DRF's, which looks at each character by itself; in ASCII there are none."""

    def __call__(self, value: Any) -> None:
        if not (isinstance(value, str) and value.isascii()):
            super().__call__(value)


class StrictCharField(serializers.CharField):
    """One line of text, and nothing that merely looks like it."""

    one_line: ClassVar[bool] = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.validators = [
            _NoSurrogates() if type(one) is ProhibitSurrogateCharactersValidator else one
            for one in self.validators
        ]

    def run_validation(self, data: Any = empty) -> Any:
        """What a person sees as blank is blank. Length comes first: patterns meet no long text."""
        if data is empty and self.default is empty and not (self.required or self.read_only):
            raise SkipField  # as DRF does, after asking four methods
        if isinstance(data, str):
            text = data.strip() if self.trim_whitespace else data
            if self.max_length is not None and len(text) > self.max_length:
                self.fail("max_length", max_length=self.max_length)
            if self.one_line and not is_one_line(data):
                raise ValidationError(NOT_ONE_LINE, "invalid")
            data = "" if is_blank(data) else data
            # Then it is one line, without NUL or surrogates: nobody need ask all validators.
            if data and len(text) <= self._plain_until and text.isprintable():
                return text
        return super().run_validation(data)

    @cached_property
    def _plain_until(self) -> int:
        """Up to which length every printable text is taken as it is; -1: none is."""
        is_ours = all(getattr(type(self), n) is getattr(StrictCharField, n) for n in _VALIDATING)
        kinds = {type(one) for one in self.validators}
        if not is_ours or self.read_only or not kinds <= _MET_BY_PLAIN_TEXTS:
            return -1
        limits = [one.limit_value for one in self.validators if type(one) is MaxLengthValidator]
        return -1 if any(map(callable, limits)) else min(limits, default=maxsize)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)

    def run_validators(self, value: Any) -> None:
        """Length first: no pattern meets a text that is too long."""
        for one in self.validators:
            if isinstance(one, MaxLengthValidator):
                try:
                    one(value)
                except DjangoValidationError as error:
                    raise ValidationError(get_error_detail(error)) from error
        super().run_validators(value)


_VALIDATING = ("run_validation", "to_internal_value", "run_validators", "validate_empty_values")
_MET_BY_PLAIN_TEXTS = {MaxLengthValidator, ProhibitNullCharactersValidator, _NoSurrogates}


class StrictTextField(StrictCharField):
    """Text of any number of lines, kept with its outer blanks and its last line break."""

    one_line = False

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"trim_whitespace": False, **kwargs})


class WebAddressField(StrictCharField, serializers.URLField):
    """An address that browsers open; the model's own rule says which."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        given = [one for one in self.validators if not isinstance(one, URLValidator)]
        self.validators = given if validate_web_address in given else [validate_web_address, *given]


class StrictEmailField(StrictCharField, serializers.EmailField):
    """An address that mail can be sent to."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        given = [one for one in self.validators if not isinstance(one, EmailValidator)]
        is_given = validate_mail_address in given
        self.validators = given if is_given else [validate_mail_address, *given]


class StrictIntegerField(serializers.IntegerField):
    """A whole JSON number of 64 bits. JSON has one kind of number, so 5.0 is 5."""

    def to_internal_value(self, data: Any) -> int:
        if _from_text(self) and isinstance(data, str) and WHOLE.fullmatch(data):
            data = int(data)
        if isinstance(data, float) and data.is_integer():
            data = int(data)
        if isinstance(data, bool) or not isinstance(data, int) or not -(2**63) <= data < 2**63:
            self.fail("invalid")
        return data


class StrictBooleanField(serializers.BooleanField):
    """true or false."""

    def to_internal_value(self, data: Any) -> bool:
        if _from_text(self) and data in ("true", "false"):
            return bool(data == "true")
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class StrictDecimalField(serializers.DecimalField):
    """A decimal as text ("12.50") or as a JSON number; answered as text, so nothing is lost."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, bool) or not isinstance(data, (str, int, float)):
            self.fail("invalid")
        if isinstance(data, str) and not DECIMAL.fullmatch(data):
            self.fail("invalid")
        return super().to_internal_value(data)


class StrictDateField(serializers.DateField):
    """A date as RFC 3339 has it: 2026-01-31."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str) or not DAY.fullmatch(data):
            self.fail("invalid", format="YYYY-MM-DD")
        return super().to_internal_value(data)


@lru_cache(maxsize=4096)  # lists show the same moments again and again
def _in_utc(moment: datetime) -> str:
    in_utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    # A tenth of what `isoformat` takes.
    return orjson.dumps(in_utc, option=orjson.OPT_UTC_Z)[1:-1].decode()


class MomentField(serializers.DateTimeField):
    """A moment as RFC 3339 has it: any with its offset, also one that no database could hold in
    UTC. Shown in UTC (`Z`), whatever the site's time zone is.
    """

    default_error_messages = {"invalid": MOMENT_NEEDED}

    def to_internal_value(self, value: Any) -> datetime:
        if not isinstance(value, str) or not _MOMENT.fullmatch(value):
            self.fail("invalid")
        return super().to_internal_value(value.upper())

    to_representation = staticmethod(_in_utc)

    def enforce_timezone(self, value: datetime) -> datetime:
        try:
            return value.astimezone(UTC)
        except OverflowError:
            edge = datetime.min if value.year == 1 else datetime.max
            return edge.replace(tzinfo=UTC)


class StrictChoiceField(serializers.ChoiceField):
    """One of the values listed, of the type listed."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid_choice", input=data)
        return super().to_internal_value(data)


@extend_schema_field({"type": "object", "additionalProperties": {}})
class JsonObjectField(serializers.JSONField):
    """A JSON object of any content."""

    default_error_messages = {"not_an_object": "Send a JSON object."}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            raise ValidationError(self.error_messages["not_an_object"], code="invalid")
        return data


class StrictListField(serializers.ListField):
    """A list whose length is looked at before any of its items is."""

    def to_internal_value(self, data: Any) -> list[Any]:
        if isinstance(data, list) and self.max_length is not None and len(data) > self.max_length:
            detail = f"Send {self.max_length} items at most."
            raise ValidationError(detail, "max_length")
        items: list[Any] = super().to_internal_value(data)
        return items


class SlotField(StrictCharField):
    """An object by its slot number; null for one that was deleted."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(trim_whitespace=False, validators=[slot_validator], **kwargs)

    def to_representation(self, value: Numbered | str) -> Any:
        return (value if isinstance(value, str) else value.slot) or None


class SecretField(StrictCharField):
    """A secret: goes in, never comes out. A mask sent back is refused (`masked_secret`)."""

    secret = True
    one_line = False  # keys in PEM form have many
    default_error_messages = {"masked_secret": SENT_BACK}

    def __init__(self, **kwargs: Any) -> None:
        kwargs["write_only"] = True
        kwargs.setdefault("max_length", LONGEST_SECRET)
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if is_mask(text):
            self.fail("masked_secret")
        return text


class IsSetField(serializers.BooleanField):
    """Whether something is stored under `source`; never what."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(read_only=True, **kwargs)

    def get_attribute(self, instance: Any) -> bool:
        return super().get_attribute(instance) is not None
