"""What AI settings look like in the API."""

from typing import Any

from django.core.validators import RegexValidator
from rest_framework import serializers

from manage_api.fields import (
    IsSetField,
    MomentField,
    SecretField,
    StrictCharField,
    StrictDateField,
)
from manage_api.serializers import StrictModelSerializer, StrictSerializer
from syteops.ai.models import AiAreaSettings, AiUsage


class AiProviderSerializer(serializers.Serializer[Any]):
    """A provider; of its key only whether it is set."""

    provider = serializers.CharField(source="slug", help_text="Such as `openai`.")
    name = serializers.CharField()
    base_url = serializers.CharField()
    default_model = serializers.CharField(help_text="Blank: none is chosen.")
    token_limit = serializers.IntegerField(
        allow_null=True, help_text="Most tokens of one answer, whatever an area allows."
    )
    key_set = IsSetField(source="api_key")
    key_set_at = MomentField(source="api_key_set_at", allow_null=True)
    is_default = serializers.BooleanField()


class AiProvidersSerializer(serializers.Serializer[Any]):
    """All providers, and which is the default."""

    providers = AiProviderSerializer(many=True)
    default = serializers.CharField(
        allow_null=True, help_text="Who serves the areas that name no provider."
    )


class AiKeyInput(StrictSerializer):
    """A provider's key."""

    api_key = SecretField(
        validators=[RegexValidator("^[!-~]+$", "A key has letters, digits and signs.")]
    )


class AiKeySerializer(serializers.Serializer[Any]):
    """Whether a provider has a key."""

    provider = serializers.CharField(source="slug")
    key_set = IsSetField(source="api_key")


class AiAreaInput(StrictModelSerializer):
    """What can be chosen for an area."""

    provider = StrictCharField(
        required=False,
        allow_null=True,
        max_length=50,
        help_text="Slug of a provider; null: the default provider.",
    )

    class Meta:
        model = AiAreaSettings
        fields = (
            "provider", "model", "max_tokens", "requests_per_day", "tokens_per_month", "enabled",
        )  # fmt: skip


class AiAreaSerializer(serializers.Serializer[Any]):
    """An area and its settings."""

    area = serializers.CharField(source="area.slug")
    name = serializers.CharField(source="area.name")
    description = serializers.CharField(source="area.description")
    provider = serializers.CharField(
        source="settings.provider.slug",
        default=None,
        allow_null=True,
        help_text="null: the default provider.",
    )
    model = serializers.CharField(
        source="settings.model", help_text="Blank: the provider's default model."
    )
    max_tokens = serializers.IntegerField(
        source="settings.max_tokens", help_text="Most tokens of one answer."
    )
    requests_per_day = serializers.IntegerField(
        source="settings.requests_per_day", allow_null=True, help_text="null: no limit."
    )
    tokens_per_month = serializers.IntegerField(
        source="settings.tokens_per_month", allow_null=True, help_text="null: no limit."
    )
    enabled = serializers.BooleanField(source="settings.enabled")
    ready = serializers.BooleanField(
        help_text="Whether it would work now: it is enabled, and has a provider, key and model."
    )


class AiUsageInput(StrictSerializer):
    """Which usage to show."""

    area = StrictCharField(
        required=False, allow_blank=True, max_length=100, help_text="Only this area."
    )
    since = StrictDateField(
        required=False, help_text="The first day; left out, the last 30 days are shown."
    )


class AiUsageSerializer(serializers.ModelSerializer[AiUsage]):
    """What one area used of one model on one day."""

    class Meta:
        model = AiUsage
        fields = (
            "area", "day", "provider", "model", "requests",
            "input_tokens", "output_tokens", "reserved_tokens",
        )  # fmt: skip
        read_only_fields = fields
