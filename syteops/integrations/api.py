"""Integrations over the Manage API."""

from typing import Any

from rest_framework import serializers

from manage_api.calls import Call
from manage_api.operations import Access, operation, register
from manage_api.resources import SLUG_FORM, PathParam, Resource
from manage_api.serializers import (
    JsonObjectField,
    SecretField,
    StrictSerializer,
    WholeSerializer,
    listing,
)
from syteops.integrations import queries, services
from syteops.integrations.models import IntegrationState


class IntegrationSecretSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    key_set = serializers.BooleanField()
    key_set_at = serializers.DateTimeField(allow_null=True)


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


class IntegrationEnabledSerializer(serializers.Serializer[Any]):
    slug = serializers.CharField()
    enabled = serializers.BooleanField()


class IntegrationConfigSerializer(serializers.Serializer[Any]):
    slug = serializers.CharField()
    config = serializers.DictField()


class IntegrationConfigInput(WholeSerializer):
    config = JsonObjectField(
        help_text="Merged into the config, deeply; null brings back the default (RFC 7396). "
        "What may be in it: `config_schema` of `integrations.get`."
    )


class IntegrationSecretInput(StrictSerializer):
    value = SecretField(help_text="The secret.")


class IntegrationSecretSetSerializer(serializers.Serializer[Any]):
    slug = serializers.CharField(source="integration")
    name = serializers.CharField()
    key_set = serializers.SerializerMethodField()

    def get_key_set(self, secret: Any) -> bool:
        return secret.value is not None


@register
class Integrations(Resource):
    resource = "integrations"
    collection = "integrations"
    model = IntegrationState
    lookup = "slug"
    path_help = {
        "slug": PathParam("The integration's slug, such as `webhooks`.", SLUG_FORM),
        "name": PathParam("The secret's name, such as `signing_secret`.", SLUG_FORM),
    }

    @operation("List the integrations", output=listing("integrations", IntegrationSerializer))
    def list(self, call: Call) -> Any:
        return {"integrations": IntegrationSerializer(queries.all_installed(), many=True).data}

    @operation("Read an integration", output=IntegrationDetailSerializer)
    def get(self, call: Call) -> Any:
        return IntegrationDetailSerializer(_installed(call)).data

    @operation(
        "Enable an integration",
        method="POST",
        path="{slug}/enable",
        output=IntegrationEnabledSerializer,
    )
    def enable(self, call: Call) -> Any:
        """Refused (`conflict`) if this installation lacks what it needs, with the reason, or if
        required config or secrets are not set, naming them."""
        services.enable(call.actor, _installed(call).state)
        return {"slug": call.path["slug"], "enabled": True}

    @operation(
        "Disable an integration",
        method="POST",
        path="{slug}/disable",
        destructive=True,
        output=IntegrationEnabledSerializer,
    )
    def disable(self, call: Call) -> Any:
        """Its config and secrets stay."""
        services.disable(call.actor, _installed(call).state)
        return {"slug": call.path["slug"], "enabled": False}

    def disable_impact(self, call: Call) -> dict[str, Any]:
        one = _installed(call).integration
        return {"slug": one.slug, "name": one.name, "stops": one.stops}

    @operation(
        "Change an integration's config",
        method="PATCH",
        path="{slug}/config",
        input=IntegrationConfigInput,
        output=IntegrationConfigSerializer,
    )
    def update_config(self, call: Call) -> Any:
        """Secrets have no place in it. Errors point into the config."""
        one = _installed(call)
        services.update_config(call.actor, one.state, **call.values)
        return IntegrationConfigSerializer(one).data

    @operation(
        "Store an integration's secret",
        method="PUT",
        path="{slug}/secrets/{name}",
        access=Access.SECRETS,
        input=IntegrationSecretInput,
        output=IntegrationSecretSetSerializer,
    )
    def set_secret(self, call: Call) -> Any:
        secret = services.set_secret(call.actor, _secret(call), **call.values)
        return IntegrationSecretSetSerializer(secret).data

    @operation(
        "Clear an integration's secret",
        method="DELETE",
        path="{slug}/secrets/{name}",
        access=Access.SECRETS,
        destructive=True,
        output=IntegrationSecretSetSerializer,
    )
    def clear_secret(self, call: Call) -> Any:
        """Refused (`conflict`) while an enabled integration needs it."""
        return IntegrationSecretSetSerializer(services.clear_secret(call.actor, _secret(call))).data

    def clear_secret_impact(self, call: Call) -> dict[str, Any]:
        secret = _secret(call)
        return {
            "slug": secret.integration,
            "name": secret.name,
            "cleared": secret.value is not None,
        }


def _installed(call: Call) -> queries.Installed:
    if call.locks:
        services.locked_state(call.path["slug"])
    return queries.get_installed(call.path["slug"])


def _secret(call: Call) -> Any:
    return services.locked_secret(call.path["slug"], call.path["name"])
