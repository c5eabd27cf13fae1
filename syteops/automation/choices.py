"""What the value of a variable set can be, and its one canonical form."""

import re
from collections.abc import Callable
from datetime import date

from django.core.exceptions import ValidationError
from django.db import models

from syteops.lib.mail_addresses import validate_mail_address
from syteops.lib.text import is_blank
from syteops.lib.urls import validate_web_address

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_BOOLEANS = {
    **dict.fromkeys(("true", "yes", "on", "1"), "true"),
    **dict.fromkeys(("false", "no", "off", "0"), "false"),
}


class ValueType(models.TextChoices):
    """The types of the values in a variable set."""

    TEXT = "text", "Text"
    NUMBER = "number", "Number"
    BOOLEAN = "boolean", "Yes or no"
    URL = "url", "Web address"
    EMAIL = "email", "E-mail address"
    DATE = "date", "Date"
    LONG_TEXT = "long_text", "Long text"
    HTML = "html", "HTML"


_AS_IT_IS = (ValueType.TEXT, ValueType.LONG_TEXT, ValueType.HTML)


def canonical(kind: str, text: str) -> str:
    """`text` in the one form in which automations get it; a blank one is "".

    Texts and HTML stay as they are, outer blanks and line breaks included.

    Raises ValidationError saying what the type expects.
    """
    if is_blank(text):
        return ""
    return text if kind in _AS_IT_IS else _FORMS[ValueType(kind)](text.strip())


def _number(text: str) -> str:
    if not _NUMBER.fullmatch(text):
        raise ValidationError("Write a number such as 12 or -0.5.", "invalid")
    return text.removeprefix("+")


def _boolean(text: str) -> str:
    try:
        return _BOOLEANS[text.lower()]
    except KeyError as error:
        raise ValidationError("Write true or false.", "invalid") from error


def _url(text: str) -> str:
    validate_web_address(text)
    return text


def _email(text: str) -> str:
    validate_mail_address(text)
    return text


def _date(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise ValidationError("Write a date such as 2026-12-31.", "invalid") from error


_FORMS: dict[ValueType, Callable[[str], str]] = {
    ValueType.NUMBER: _number,
    ValueType.BOOLEAN: _boolean,
    ValueType.URL: _url,
    ValueType.EMAIL: _email,
    ValueType.DATE: _date,
}
