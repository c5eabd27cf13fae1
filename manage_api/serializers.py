"""Strict serializers: what is sent is what is meant, or the answer names each field and the cure.

No coercion between JSON types; unknown and read-only names are errors; a mask is no secret. Query
strings carry only text, so there (`context["text"]`) numbers and booleans are read from text.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache, cached_property
from typing import Any, ClassVar

from django.core.exceptions import ValidationError as DjangoValidationError
from django.core.validators import MaxLengthValidator, URLValidator
from django.db import models
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.fields import SkipField, empty, get_error_detail

from manage_api.errors import MAX_ERRORS
from syteops.core.entities import Numbered
from syteops.core.identifiers import slot_validator
from syteops.lib.text import NOT_ONE_LINE, is_blank, is_one_line
from syteops.lib.urls import validate_web_address

_MASK = re.compile(r"[*•●·∙x.…#-]{3,}|.*(\*{3,}|•{2,}|●{2,}).*|som_\w{0,12}…\w*", re.I | re.S)

# Narrower than int(), which takes blanks, underscores and the digits of every script.
_WHOLE = re.compile(r"-?[0-9]{1,19}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _from_text(field: "serializers.Field[Any, Any, Any, Any]") -> bool:
    return bool(field.context.get("text"))


class StrictCharField(serializers.CharField):
    """One line of text, and nothing that merely looks like it."""

    one_line: ClassVar[bool] = True

    def run_validation(self, data: Any = empty) -> Any:
        """What a person sees as blank is blank. Length comes first: patterns meet no long text."""
        if isinstance(data, str):
            text = data.strip() if self.trim_whitespace else data
            if self.max_length is not None and len(text) > self.max_length:
                self.fail("max_length", max_length=self.max_length)
            if self.one_line and not is_one_line(data):
                raise ValidationError(NOT_ONE_LINE, "invalid")
            data = "" if is_blank(data) else data
        return super().run_validation(data)

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
    """An e-mail address."""


class StrictIntegerField(serializers.IntegerField):
    """A whole JSON number of 64 bits. JSON has one kind of number, so 5.0 is 5."""

    def to_internal_value(self, data: Any) -> int:
        if _from_text(self) and isinstance(data, str) and _WHOLE.fullmatch(data):
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
        return super().to_internal_value(data)


class StrictDateField(serializers.DateField):
    """A date as RFC 3339 has it: 2026-01-31."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str) or not _DATE.fullmatch(data):
            self.fail("invalid", format="YYYY-MM-DD")
        return super().to_internal_value(data)


class MomentField(serializers.DateTimeField):
    """Any RFC 3339 time, also one that no database could hold in UTC."""

    def enforce_timezone(self, value: datetime) -> datetime:
        if value.tzinfo is None:
            self.fail("invalid", format="2026-01-31T12:00:00Z")
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
    default_error_messages = {"masked_secret": "This is a mask. Send the secret itself."}

    def __init__(self, **kwargs: Any) -> None:
        kwargs["write_only"] = True
        kwargs.setdefault("max_length", 4096)
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if _MASK.fullmatch(text):
            self.fail("masked_secret")
        return text


class IsSetField(serializers.BooleanField):
    """Whether something is stored under `source`; never what."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(read_only=True, **kwargs)

    def get_attribute(self, instance: Any) -> bool:
        return super().get_attribute(instance) is not None


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses unknown and read-only names, all at once with whatever else is wrong."""

    needs_one: ClassVar[bool] = False
    """Whether one of the fields at least must be given, and be neither empty nor false."""

    @cached_property
    def _shown_fields(self) -> list[tuple[str, str, Any, bool]]:
        """Name, attribute, field and whether its texts are shown as they are."""
        return [
            (name, _plain_attribute(field), field, _shows_texts_as_they_are(field))
            for name, field in self.fields.items()
            if not field.write_only
        ]

    def to_representation(self, instance: Any) -> Any:
        """As DRF does it; an object's own attribute is taken without DRF's questions about it."""
        if isinstance(instance, Mapping):
            return super().to_representation(instance)
        shown = {}
        for name, attribute, field, is_plain in self._shown_fields:
            value = getattr(instance, attribute, _UNKNOWN) if attribute else _UNKNOWN
            if value is _UNKNOWN or callable(value):
                try:
                    value = field.get_attribute(instance)
                except SkipField:
                    continue
            if value is None or (is_plain and type(value) is str):
                shown[name] = value
            else:
                shown[name] = field.to_representation(value)
        return shown

    def validate(self, attrs: Any) -> Any:
        if self.needs_one and not any(attrs.values()):
            first, detail = str(next(iter(self.fields))), f"Give {' or '.join(self.fields)}."
            raise ValidationError({first: [ErrorDetail(detail, "required")]})
        return attrs

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, Mapping):
            raise ValidationError({"non_field_errors": [ErrorDetail(_NO_OBJECT, "invalid")]})
        problems = self._refused_names(data)
        try:
            values = super().to_internal_value(data)
        except ValidationError as error:
            raise ValidationError({**error.detail, **problems}) from error  # type: ignore[dict-item]
        if problems:
            raise ValidationError(problems)
        return values

    def _refused_names(self, data: Mapping[str, Any]) -> dict[str, list[ErrorDetail]]:
        refused: dict[str, list[ErrorDetail]] = {}
        for name in data:
            if len(refused) == MAX_ERRORS:
                break
            if name not in self.fields:
                refused[str(name)] = [ErrorDetail("There is no such field.", "unknown_field")]
            elif self.fields[name].read_only:
                refused[name] = [ErrorDetail("This field cannot be written.", "read_only")]
        return refused | self._lacking(data)

    def _lacking(self, data: Mapping[str, Any]) -> dict[str, list[ErrorDetail]]:
        """Required names that an inner object lacks: under PATCH, DRF looks at none of them."""
        needed = () if self.root is self else self.fields.items()
        return {
            name: [ErrorDetail("This field is required.", "required")]
            for name, field in needed
            if field.required and name not in data
        }


_NO_OBJECT = "Send a JSON object."
_UNKNOWN = object()


def _plain_attribute(field: "serializers.Field[Any, Any, Any, Any]") -> str:
    """The attribute of an object that the field shows; "" where it finds its value otherwise."""
    is_usual = type(field).get_attribute is serializers.Field.get_attribute
    return field.source_attrs[0] if is_usual and len(field.source_attrs) == 1 else ""


def _shows_texts_as_they_are(field: "serializers.Field[Any, Any, Any, Any]") -> bool:
    return type(field).to_representation is serializers.CharField.to_representation


class WholeSerializer(StrictSerializer):
    """A strict serializer whose required fields are required under PATCH, too."""

    @property
    def partial(self) -> bool:
        return False

    @partial.setter
    def partial(self, value: bool) -> None:
        """DRF and drf-spectacular set it for every PATCH; here it has no say."""


class StrictModelSerializer(StrictSerializer, serializers.ModelSerializer[Any]):
    """A strict ModelSerializer. It validates and shows; storing is the services' work.

    Uniqueness and the model's own rules are checked there too, so no validator queries here.
    """

    serializer_field_mapping = {
        **serializers.ModelSerializer.serializer_field_mapping,
        models.CharField: StrictCharField,
        models.TextField: StrictTextField,
        models.EmailField: StrictEmailField,
        models.URLField: WebAddressField,
        models.SlugField: StrictCharField,
        models.IntegerField: StrictIntegerField,
        models.BigIntegerField: StrictIntegerField,
        models.SmallIntegerField: StrictIntegerField,
        models.PositiveIntegerField: StrictIntegerField,
        models.PositiveSmallIntegerField: StrictIntegerField,
        models.PositiveBigIntegerField: StrictIntegerField,
        models.BooleanField: StrictBooleanField,
        models.DecimalField: StrictDecimalField,
        models.DateField: StrictDateField,
        models.JSONField: JsonObjectField,
    }
    serializer_choice_field = StrictChoiceField

    def get_validators(self) -> list[Any]:
        return []

    def build_standard_field(self, field_name: str, model_field: Any) -> Any:
        made, kwargs = super().build_standard_field(field_name, model_field)
        kwargs["validators"] = [
            one for one in kwargs.get("validators", []) if not hasattr(one, "queryset")
        ]
        if not kwargs["validators"]:
            del kwargs["validators"]
        return made, kwargs


class NoInput(StrictSerializer):
    """An operation that takes nothing beyond its path."""


class RowIdInput(StrictSerializer):
    """An object by its permanent id."""

    id = StrictIntegerField(
        min_value=1, max_value=2**63 - 1, help_text="The permanent `id` of the deleted object."
    )


class PageSerializer(serializers.Serializer[Any]):
    """The page fields of a list."""

    total = serializers.IntegerField(help_text="How many there are in all.")
    page = serializers.IntegerField()
    per_page = serializers.IntegerField()


def listing(
    name: str, item: type[serializers.BaseSerializer[Any]], paged: bool = False
) -> type[serializers.Serializer[Any]]:
    """The serializer of a list answer: `{name: [item, …]}`, with the page fields when `paged`."""
    base = PageSerializer if paged else serializers.Serializer
    return type(f"{_label(item)}ListSerializer", (base,), {name: item(many=True)})


@cache
def deleted(name: str) -> type[serializers.Serializer[Any]]:
    """The serializer of a delete's answer: the identifier under `name`, and `deleted: true`."""
    identifier = serializers.IntegerField() if name == "id" else serializers.CharField()
    label = name.title().replace("_", "")
    fields = {name: identifier, "deleted": serializers.BooleanField()}
    return type(f"Deleted{label}Serializer", (serializers.Serializer,), fields)


def config_input(resource: str) -> type["WholeSerializer"]:
    """The serializer of a config that is merged into what is stored."""
    field = JsonObjectField(
        help_text="Merged into the config, deeply; null brings back the default (RFC 7396). "
        f"What may be in it: `config_schema` of `{resource}.get`."
    )
    label = resource.title().removesuffix("s")
    return type(f"{label}ConfigInput", (WholeSerializer,), {"config": field})


@cache
def switched(resource: str, lookup: str, flag: str) -> type[serializers.Serializer[Any]]:
    """The serializer of a switch's answer: the identifier, and whether it is on."""
    label = f"{resource.title().removesuffix('s')}{flag.title()}Serializer"
    fields = {lookup: serializers.CharField(), flag: serializers.BooleanField()}
    return type(label, (serializers.Serializer,), fields)


def secrets_input(shown: Any, names: Iterable[str]) -> type[StrictSerializer]:
    """The serializer of one or more of the secrets called `names`; `shown` is their object's."""
    fields = {name: SecretField(required=False) for name in names}
    return _of_secrets(shown, "SecretsInput", fields)


def secrets_to_clear(shown: Any, names: Iterable[str]) -> type[StrictSerializer]:
    """The serializer of a choice of one or more secrets."""
    fields = {
        name: StrictBooleanField(
            required=False, help_text=f"Clear the {name.replace('_', ' ').replace('api', 'API')}."
        )
        for name in names
    }
    return _of_secrets(shown, "SecretsToClear", fields)


@cache
def secrets_output(shown: Any, lookup: str) -> type[serializers.Serializer[Any]]:
    """The serializer of which secrets are set: the identifier, and each `…_set` of `shown`."""
    declared = shown._declared_fields.items()
    fields = {n: one for n, one in declared if n == lookup or isinstance(one, IsSetField)}
    return type(f"{_label(shown)}SecretsSerializer", (serializers.Serializer,), fields)


def _of_secrets(shown: Any, suffix: str, fields: dict[str, Any]) -> type[StrictSerializer]:
    return type(f"{_label(shown)}{suffix}", (StrictSerializer,), {"needs_one": True, **fields})


def _label(serializer: Any) -> str:
    return str(serializer.__name__.removesuffix("Serializer"))
