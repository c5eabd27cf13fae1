"""What automation variables look like in the API."""

from collections.abc import Collection
from typing import Any, ClassVar

from django.core.validators import RegexValidator
from drf_spectacular.extensions import OpenApiSerializerExtension
from rest_framework import serializers
from rest_framework.filters import BaseFilterBackend
from rest_framework.request import Request
from rest_framework.response import Response

from manage_api.fields import (
    MomentField,
    StrictBooleanField,
    StrictCharField,
    StrictChoiceField,
    StrictListField,
    StrictTextField,
)
from manage_api.pagination import Pagination
from manage_api.serializers import PageSerializer, StrictModelSerializer, StrictSerializer
from syteops.audit.rows import MAX_ROWS
from syteops.automation.choices import ValueType
from syteops.automation.lineage import Reader, count, known_to
from syteops.automation.models import MAX_VALUE, VariableSet
from syteops.automation.names import ACRONYM, KEY
from syteops.automation.queries import catalogue
from syteops.core.impacts import MOST_TOLD


class CatalogBackend(BaseFilterBackend):
    """`?source=` and `?search=` of the catalogue, which is derived and no table."""

    def get_fields(self, view: Any) -> dict[str, Any]:
        return {
            "source": StrictCharField(
                required=False,
                allow_blank=True,
                max_length=50,
                help_text="Only variables of this source, such as `crm` or `api`.",
            ),
            "search": StrictCharField(
                required=False,
                allow_blank=True,
                max_length=200,
                help_text="Only variables with this text in their name, value or description.",
            ),
        }

    def filter_queryset(self, request: Request, queryset: Any, view: Any) -> Any:
        return catalogue(view.validated.get("source", ""), view.validated.get("search", ""))


class CatalogPageSerializer(PageSerializer):
    """The page fields, and what tools of the WordPress product look for."""

    flowmattic_available = serializers.BooleanField(
        help_text="False: there is no such plug-in here. Older tools ask for it."
    )


class CatalogPagination(Pagination):
    """The pages of the catalogue."""

    answer_class = CatalogPageSerializer

    def get_paginated_response(self, data: Any) -> Response:
        response = super().get_paginated_response(data)
        response.data["flowmattic_available"] = False
        return response


class CatalogVariableSerializer(serializers.Serializer[Any]):
    """A variable as the catalogue lists it."""

    name = serializers.CharField()
    description = serializers.CharField()
    source = serializers.CharField(  # type: ignore[assignment]
        help_text="Where the variable comes from."
    )
    current_value = serializers.CharField(source="value")
    writable = serializers.BooleanField(help_text="Whether variables.set can change it.")


class VariableReaderSerializer(serializers.Serializer[Any]):
    """Who reads variables: a key, or something that they are pushed to."""

    kind = serializers.ChoiceField(choices=("key", "push"))
    id = serializers.CharField(help_text="Of a key its id; of a push what names its destination.")
    name = serializers.CharField()
    state = serializers.CharField(
        help_text="Of the key or the destination, such as `active`, `revoked` or `failing`."
    )
    ways = serializers.ListField(
        child=serializers.ChoiceField(choices=("export", "get", "push")),
        help_text="An export holds every variable, and a push each one that changes.",
    )
    reads = serializers.IntegerField(help_text="How often, exports and pushes as a whole.")
    last_read_at = MomentField(allow_null=True, help_text="To the minute. Null: never yet.")
    variables = serializers.IntegerField(
        help_text="How many of the variables in question it reads."
    )


def readership(readers: Collection[Reader], readable: Collection[str] | None) -> dict[str, Any]:
    """How many still read, and as much of who does as somebody may know (see `known_to`); of very
    many the latest.
    """
    known = known_to(readable, readers)[:MOST_TOLD]
    shown = VariableReaderSerializer(known, many=True).data
    return {"readers_count": count(readers), "readers": shown}


class VariableSerializer(serializers.Serializer[Any]):
    """One variable."""

    sometimes: ClassVar[tuple[str, ...]] = ("readers_count", "readers")

    key = serializers.CharField(help_text="The key; of a derived variable its name.")
    name = serializers.CharField(help_text="What automations call it.")
    value = serializers.CharField(allow_blank=True, help_text="Blank once it is removed.")
    description = serializers.CharField(allow_blank=True)
    readers_count = serializers.IntegerField(
        required=False, help_text="How many tools read it. Only where `readers` was asked for."
    )
    readers = VariableReaderSerializer(
        many=True,
        required=False,
        help_text="Those of which you may know, the latest first, also some that have ended. It "
        "takes the right to see keys, or deliveries. Only where it was asked for.",
    )


class VariableQuery(StrictSerializer):
    """What is told of a variable beyond its value."""

    readers = StrictBooleanField(
        default=False,
        help_text="Also tell who reads it. The ETag is that of the whole answer: for `If-Match`, "
        "take the one of an answer without readers.",
    )


class VariableInput(StrictSerializer):
    """What a free-form variable can be set to."""

    examples: ClassVar[dict[str, Any]] = {"value": "Mon to Fri, 9 to 5"}

    value = StrictTextField(
        allow_blank=True,
        max_length=MAX_VALUE,
        help_text="A blank value removes the variable.",
    )
    description = StrictCharField(
        required=False, allow_blank=True, max_length=500, help_text="Left out, it stays."
    )


class SetValueSerializer(StrictSerializer):
    """One value of a variable set."""

    suffix = StrictCharField(
        max_length=64,
        validators=[RegexValidator(KEY, "Use small letters, digits and _, a letter first.")],
        help_text="How the variable's name ends: small letters, digits and underscores.",
    )
    type = StrictChoiceField(choices=ValueType.values, default=ValueType.TEXT.value)
    value = StrictTextField(
        allow_blank=True,
        max_length=MAX_VALUE,
        help_text="In the form of its type: stored in the one form that automations get. A blank "
        "one is no variable.",
    )


class SetValuesField(StrictListField):
    """The values of a set as one list, by suffix, which replaces the one there is."""

    def get_attribute(self, instance: Any) -> Any:
        rows: Any = super().get_attribute(instance)
        return rows.all()


class VariableSetSerializer(StrictModelSerializer):
    acronym = serializers.CharField(read_only=True, help_text="Names of variables are built on it.")
    values = SetValuesField(
        child=SetValueSerializer(),
        required=False,
        max_length=MAX_ROWS,
        help_text="The whole list, by suffix.",
    )

    examples: ClassVar[dict[str, Any]] = {"name": "ACME", "acronym": "acme"}

    class Meta:
        model = VariableSet
        fields = ("name", "acronym", "values", "created_at", "updated_at")


class VariableSetCreateInput(VariableSetSerializer):
    acronym = StrictCharField(  # here it is written
        max_length=16,
        validators=[RegexValidator(ACRONYM, "Use small letters and digits, a letter first.")],
        help_text="2 to 16 small letters and digits, a letter first, such as acme.",
    )


class ExportInput(StrictSerializer):
    """The form of the export."""

    format = StrictChoiceField(
        choices=("json", "env"),
        required=False,
        help_text='`json`: an object of name and value. `env`: text, a line NAME="value" each. '
        "Left out, it is what `Accept` asks for, or `json`.",
    )


class VariablesExportSerializer(serializers.Serializer[Any]):
    """Every variable's value by name."""


class _FlatObject(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    target_class = VariablesExportSerializer

    def map_serializer(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        return {"type": "object", "additionalProperties": {"type": "string"}}


class ResyncSerializer(serializers.Serializer[Any]):
    """What the catalogue holds."""

    resynced = serializers.BooleanField()
    count = serializers.IntegerField(help_text="How many variables there are.")
    digest = serializers.CharField(
        help_text="Changes with any name or value: the ETag of the JSON export, unquoted."
    )
