"""Strict serializers: what is sent is what is meant, or the answer names each field and the cure.

Unknown and read-only names are errors. The fields are in `fields`.
"""

from collections.abc import Iterable, Mapping
from functools import cache, cached_property
from operator import itemgetter
from typing import Any, ClassVar, NamedTuple

from django.db import models
from django.db.models.query_utils import DeferredAttribute
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.fields import SkipField, empty

from manage_api.errors import MAX_ERRORS
from manage_api.fields import (
    IsSetField,
    JsonObjectField,
    MomentField,
    SecretField,
    StrictBooleanField,
    StrictCharField,
    StrictChoiceField,
    StrictDateField,
    StrictDecimalField,
    StrictEmailField,
    StrictIntegerField,
    StrictTextField,
    WebAddressField,
)
from syteops.core.search import MANY


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses unknown and read-only names, all at once with whatever else is wrong."""

    needs_one: ClassVar[bool] = False
    """Whether one of the fields at least must be given, and be neither empty nor false."""

    @cached_property
    def _shown_fields(self) -> list["_Shown"]:
        return [
            _Shown(
                name,
                *_plain_attributes(field),
                field,
                is_text=_shows_as(serializers.CharField, field),
                is_file=_shows_as(serializers.FileField, field),
            )
            for name, field in self.fields.items()
            if not field.write_only
        ]

    @cached_property
    def _shown_names(self) -> list[str]:
        return [one.name for one in self._shown_fields]

    @cached_property
    def _texts_of(self) -> dict[type, tuple[list[str], Any, list["_Shown"]]]:
        """By the class of what is shown, see `_texts`."""
        return {}

    def _texts(self, kind: type) -> tuple[list[str], Any, list["_Shown"]]:
        """The fields that are columns of text, what reads these at once, and the other fields."""
        texts = [one for one in self._shown_fields if one.is_text_column_of(kind)]
        if len(texts) < 2:  # of one alone, it would give no tuple
            return [], lambda columns: (), self._shown_fields
        others = [one for one in self._shown_fields if one not in texts]
        return [one.name for one in texts], itemgetter(*(one.attribute for one in texts)), others

    def to_representation(self, instance: Any) -> Any:
        """As DRF does it; an object's own attribute is taken without DRF's questions about it."""
        if isinstance(instance, Mapping):
            return super().to_representation(instance)
        kind = type(instance)
        if kind not in self._texts_of:
            self._texts_of[kind] = self._texts(kind)
        names, read, others = self._texts_of[kind]
        shown = dict.fromkeys(self._shown_names)
        if names:
            try:
                values = read(vars(instance))
            except KeyError:  # one is not loaded
                values = (object,)
            if _AS_THEY_ARE.issuperset(map(type, values)):
                shown.update(zip(names, values, strict=True))
            else:
                others = self._shown_fields
        self._show(instance, others, shown)
        return shown

    def _show(self, instance: Any, fields: list["_Shown"], shown: dict[str, Any]) -> None:
        for name, attribute, inner, field, is_text, is_file in fields:
            if is_file and not vars(instance).get(attribute, True):
                continue  # there is none, and nothing need be made of that
            value = getattr(instance, attribute, _UNKNOWN) if attribute else _UNKNOWN
            if inner and value is not None:
                value = getattr(value, inner, _UNKNOWN)
            if value is _UNKNOWN or callable(value):
                try:
                    value = field.get_attribute(instance)
                except SkipField:
                    del shown[name]
                    continue
            if value is None or (is_text and type(value) is str):
                shown[name] = value
            else:
                shown[name] = field.to_representation(value)

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
                refused[str(name)] = [ErrorDetail(self._why_unknown(name), "unknown_field")]
            elif self.fields[name].read_only:
                refused[name] = [ErrorDetail("This field cannot be written.", "read_only")]
        return refused | self._lacking(data)

    def _why_unknown(self, name: str) -> str:
        view = self.context.get("view")
        told = view.why_no_sync if view and name == "updated_since" else ""
        return told or "There is no such field."

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
_AS_THEY_ARE = {str, type(None)}


class _Shown(NamedTuple):
    """A field of an answer, the attribute that it shows ("" where it finds its value otherwise) or
    one of that attribute's, and whether it shows a text as it is, or a file as DRF does.
    """

    name: str
    attribute: str
    inner: str
    field: Any
    is_text: bool
    is_file: bool

    def is_text_column_of(self, kind: type) -> bool:
        """Whether it shows as it is what objects of that class keep of a column."""
        is_column = type(getattr(kind, self.attribute, None)) is DeferredAttribute
        return is_column and self.is_text and not self.inner


def _plain_attributes(field: "serializers.Field[Any, Any, Any, Any]") -> tuple[str, str]:
    if type(field).get_attribute is serializers.Field.get_attribute:
        match field.source_attrs:
            case [one]:
                return one, ""
            case [one, inner] if field.allow_null and field.default is empty:
                return one, inner
    return "", ""


def _shows_as(kind: Any, field: "serializers.Field[Any, Any, Any, Any]") -> bool:
    return type(field).to_representation is kind.to_representation


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
        models.DateTimeField: MomentField,
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
        min_value=1, max_value=2**63 - 1, help_text="The permanent `id`, of a deleted object too."
    )


class PageSerializer(serializers.Serializer[Any]):
    """The page fields of a list."""

    total = serializers.IntegerField(
        allow_null=True,
        help_text="How many there are in all; null with `after`, and for a search that more than "
        f"{MANY:,} fit.",
    )
    page = serializers.IntegerField(allow_null=True, help_text="Null with `after`.")
    per_page = serializers.IntegerField()
    next = serializers.CharField(
        allow_null=True, help_text="What to send as `after` for the next page; null at the end."
    )


def listing(
    name: str,
    item: type[serializers.BaseSerializer[Any]],
    base: type[serializers.Serializer[Any]] = serializers.Serializer,
    **further: Any,
) -> type[serializers.Serializer[Any]]:
    """The serializer of a list answer: `{name: [item, …]}`, with the page fields of `base`.

    `further` are more of its fields, which only some answers have.
    """
    fields = {name: item(many=True), **further, "sometimes": frozenset(further)}
    kind = "Page" if issubclass(base, PageSerializer) else "List"
    return type(f"{_label(item)}{kind}Serializer", (base,), fields)


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
