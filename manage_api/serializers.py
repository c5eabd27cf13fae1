"""Strict serializers: what is sent is what is meant, or the answer names each field and the cure.

Unknown and read-only names are errors. The fields are in `fields`.
"""

from collections.abc import Iterable, Mapping
from functools import cache, cached_property
from typing import Any, ClassVar

from django.db import models
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

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
from manage_api.showing import Plan, plan_for
from syteops.core.search import MANY


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses unknown and read-only names, all at once with whatever else is wrong."""

    needs_one: ClassVar[bool] = False
    """Whether one of the fields at least must be given, and be neither empty nor false."""

    @cached_property
    def _plans(self) -> dict[type, Plan]:
        """How objects are shown, by their class."""
        return {}

    @cached_property
    def _writable_fields(self) -> list[Any]:
        """As DRF has it, which looks through all fields for each input."""
        return [one for one in self.fields.values() if not one.read_only]

    def to_representation(self, instance: Any) -> Any:
        """As DRF does it, in the way that was worked out for the class of the object."""
        if isinstance(instance, Mapping):
            return super().to_representation(instance)
        kind = type(instance)
        plan = self._plans.get(kind)
        if plan is None:
            plan = self._plans[kind] = plan_for(self.fields, kind)
        return plan.show(instance)

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
        help_text="How many there are in all; null with `after`, and for a search or filter that "
        f"more than {MANY:,} fit.",
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
