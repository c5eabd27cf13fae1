"""What automation variables look like in the API."""

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerExtension
from rest_framework import serializers
from rest_framework.filters import BaseFilterBackend
from rest_framework.request import Request

from manage_api.fields import StrictCharField, StrictChoiceField, StrictTextField
from manage_api.serializers import StrictSerializer
from syteops.automation.models import MAX_VALUE
from syteops.automation.queries import catalogue


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


class CatalogVariableSerializer(serializers.Serializer[Any]):
    """A variable as the catalogue lists it."""

    name = serializers.CharField()
    description = serializers.CharField()
    source = serializers.CharField(  # type: ignore[assignment]
        help_text="Where the variable comes from."
    )
    current_value = serializers.CharField(source="value")
    writable = serializers.BooleanField(help_text="Whether variables.set can change it.")


class VariableSerializer(serializers.Serializer[Any]):
    """One variable."""

    key = serializers.CharField(help_text="The key; of a derived variable its name.")
    name = serializers.CharField(help_text="What automations call it.")
    value = serializers.CharField(allow_blank=True, help_text="Blank once it is removed.")
    description = serializers.CharField(allow_blank=True)


class VariableInput(StrictSerializer):
    """What a free-form variable can be set to."""

    value = StrictTextField(
        allow_blank=True,
        max_length=MAX_VALUE,
        help_text="A blank value removes the variable.",
    )
    description = StrictCharField(
        required=False, allow_blank=True, max_length=500, help_text="Left out, it stays."
    )


class ExportInput(StrictSerializer):
    """The form of the export."""

    format = StrictChoiceField(
        choices=("json", "env"),
        default="json",
        help_text='`json`: an object of name and value. `env`: text, a line NAME="value" each.',
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
