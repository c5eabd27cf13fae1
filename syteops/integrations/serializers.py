"""Integrations as the Manage API shows and takes them."""

from typing import Any, ClassVar

from rest_framework import serializers

from manage_api.fields import IsSetField, MomentField, SecretField
from manage_api.serializers import StrictSerializer


class IntegrationSecretSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    key_set = serializers.BooleanField()
    key_set_at = MomentField(allow_null=True)


class IntegrationSerializer(serializers.Serializer[Any]):
    slug = serializers.CharField(help_text="Such as `webhooks`.")
    name = serializers.CharField()
    category = serializers.CharField()
    description = serializers.CharField()
    enabled = serializers.BooleanField()
    available = serializers.BooleanField(
        help_text="Whether this installation has what the integration needs."
    )
    plugin_installed = serializers.BooleanField(source="available", help_text="Same as available.")
    unavailable_reason = serializers.CharField(help_text="What is missing; empty if nothing.")
    config = serializers.DictField(help_text="What was set, over the schema's defaults.")
    secrets = IntegrationSecretSerializer(many=True)


class IntegrationDetailSerializer(IntegrationSerializer):
    config_schema = serializers.DictField(
        help_text="The JSON Schema (2020-12) that the config must fulfil."
    )


class ConfiguredIntegrationSerializer(serializers.Serializer[Any]):
    slug = serializers.CharField()
    config = serializers.DictField()


class IntegrationSecretInput(StrictSerializer):
    examples: ClassVar[dict[str, Any]] = {"value": "the-token-of-the-service"}

    value = SecretField(help_text="The secret.")


class IntegrationSecretSetSerializer(serializers.Serializer[Any]):
    slug = serializers.CharField(source="integration")
    name = serializers.CharField()
    key_set = IsSetField(source="value")
