"""What is stored for people and tools: its texts are what they saw and meant."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from functools import cache
from sys import maxsize
from typing import Any, ClassVar, NamedTuple, Self

from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models.base import ModelState
from django.db.models.signals import post_init, pre_init

from syteops.core.folding import folded_fields
from syteops.lib.text import is_blank, validate_line

_A_DAY = timedelta(days=1)
EARLIEST, LATEST = (
    datetime.min.replace(tzinfo=UTC) + _A_DAY,
    datetime.max.replace(tzinfo=UTC) - _A_DAY,
)
"""Of a moment beyond these, some time zone has no date: then it could not be stored, or shown."""


class Record(models.Model):
    """Base of every model with texts that people or tools write.

    A CharField is one line; a TextField may have many. A text in which nobody sees anything is
    blank, stored as "". Length comes before every other rule, so none of them meets a long text.
    A moment is one in every time zone.
    What is folded is stored together with what it is made of.
    """

    text_indexes: ClassVar[tuple[str, ...]] = ()
    """The folded columns in which any piece of a text is found by an index."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """As Django's own; of some columns, with the folded ones that are made of them."""
        names = kwargs.get("update_fields")
        folded = [one.name for one in folded_fields(self, names)]
        if names is not None:
            kwargs["update_fields"] = {*names, *folded}
        for name in folded:
            setattr(self, name, None)  # so that Django does not leave it out as one not loaded
        super().save(*args, **kwargs)

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        """Raises ValidationError, as Django's own does, naming each field."""
        errors: dict[str, Any] = {}
        settled = {*(exclude or ()), *(one.name for one in folded_fields(self))}
        for rule in _rules_of(type(self)):
            value = None if rule.name in settled else getattr(self, rule.attname)
            if not isinstance(value, (str, datetime)):
                continue
            if rule.choices and value in rule.choices:
                settled.add(rule.name)
            if isinstance(value, str) and not (value and rule.is_text):
                continue
            try:
                cleaned = _clean_value(rule, value)
            except ValidationError as error:
                errors[rule.name] = [error]
                settled.add(rule.name)
                continue
            setattr(self, rule.attname, cleaned)
            if cleaned and rule.asks_no_more:
                settled.add(rule.name)
        try:
            super().clean_fields(exclude=settled)
        except ValidationError as error:
            errors = error.update_error_dict(errors)
        if errors:
            raise ValidationError(errors)

    @classmethod
    def from_db(
        cls, db: str | None, field_names: Collection[str], values: Collection[Any], **options: Any
    ) -> Self:
        """As Django's own, which sets each field by itself: half of what it takes to read a row.

        Whatever our columns' descriptors do when they are set, they keep it in `__dict__`.
        """
        if pre_init.receivers or post_init.receivers:
            return super().from_db(db, field_names, values, **options)
        made = cls.__new__(cls)
        state = made._state = ModelState()
        state.adding, state.db = False, db
        if "fetch_mode" in options:  # from Django 6.1 on
            state.fetch_mode = options["fetch_mode"]
        vars(made).update(zip(field_names, values, strict=True))
        return made


class _Rule(NamedTuple):
    """What `clean_fields` asks of a column, found out once for each class.

    `most` is the length up to which a text needs none of the validators `lengths`.
    """

    name: str
    attname: str
    choices: frozenset[Any]
    is_text: bool
    is_line: bool
    lengths: list[MaxLengthValidator]
    most: int
    asks_no_more: bool


@cache
def _rules_of(model: type[Record]) -> list[_Rule]:
    return [
        _rule_for(one)
        for one in model._meta.concrete_fields
        if one.choices or isinstance(one, models.CharField | models.TextField | models.DateField)
    ]


def _rule_for(field: "models.Field[Any, Any]") -> _Rule:
    lengths = [one for one in field.validators if isinstance(one, MaxLengthValidator)]
    limits = [one.limit_value for one in lengths if type(one) is MaxLengthValidator]
    is_known = len(limits) == len(lengths) and not any(map(callable, limits))
    return _Rule(
        field.name,
        field.attname,
        # Django would list the time zones of the world for each value anew.
        frozenset(value for value, _ in field.flatchoices),
        isinstance(field, models.CharField | models.TextField) and not field.choices,
        isinstance(field, models.CharField),
        lengths,
        min(limits, default=maxsize) if is_known else -1,
        _asks_no_more(field),
    )


def _asks_no_more(field: "models.Field[Any, Any]") -> bool:
    """Whether a text, once its length and its line are clean, is all that the field asks for."""
    kind = type(field)
    base = models.CharField if isinstance(field, models.CharField) else models.TextField
    return (
        issubclass(kind, base)
        and not field.choices
        and all(isinstance(one, MaxLengthValidator) for one in field.validators)
        and all(getattr(kind, n) is getattr(base, n) for n in ("clean", "validate", "to_python"))
    )


def _clean_value(rule: _Rule, value: str | datetime) -> str | datetime:
    if isinstance(value, str):
        return _clean_text(rule, value)
    if not EARLIEST < value < LATEST:
        raise ValidationError("Give a time that every time zone has.", "max_value")
    return value


def _clean_text(rule: _Rule, text: str) -> str:
    if len(text) > rule.most:
        for validator in rule.lengths:
            validator(text)
    if rule.is_line:
        validate_line(text)
    return "" if is_blank(text) else text
