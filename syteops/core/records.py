"""What is stored for people and tools: its texts are what they saw and meant."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, ClassVar, Self

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
        for field in self._meta.concrete_fields:
            if field.name in settled:
                continue
            value = getattr(self, field.attname)
            if not isinstance(value, (str, datetime)):
                continue
            if field.choices:
                settled.update({field.name} if value in _choices_of(field) else ())
            if isinstance(value, str) and not _is_text(field):
                continue
            try:
                cleaned = _clean_value(field, value)
            except ValidationError as error:
                errors[field.name] = [error]
                settled.add(field.name)
                continue
            setattr(self, field.attname, cleaned)
            if cleaned and _asks_no_more(field):
                settled.add(field.name)
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


@cache
def _choices_of(field: "models.Field[Any, Any]") -> frozenset[str]:
    """What may be chosen. Django would list the time zones of the world for each value anew."""
    return frozenset(value for value, _ in field.flatchoices)


@cache
def _asks_no_more(field: "models.Field[Any, Any]") -> bool:
    """Whether a text, once its length and its line are clean, is all that the field asks for."""
    kind, base = type(field), models.CharField if _is_line(field) else models.TextField
    return (
        issubclass(kind, base)
        and not field.choices
        and all(isinstance(one, MaxLengthValidator) for one in field.validators)
        and all(getattr(kind, n) is getattr(base, n) for n in ("clean", "validate", "to_python"))
    )


def _is_line(field: "models.Field[Any, Any]") -> bool:
    return isinstance(field, models.CharField)


def _is_text(field: "models.Field[Any, Any]") -> bool:
    return isinstance(field, models.CharField | models.TextField) and not field.choices


def _clean_value(field: "models.Field[Any, Any]", value: str | datetime) -> str | datetime:
    if isinstance(value, str):
        return _clean_text(field, value)
    if not EARLIEST < value < LATEST:
        raise ValidationError("Give a time that every time zone has.", "max_value")
    return value


def _clean_text(field: "models.Field[Any, Any]", text: str) -> str:
    for validator in field.validators:
        if isinstance(validator, MaxLengthValidator):
            validator(text)
    if _is_line(field):
        validate_line(text)
    return "" if is_blank(text) else text
