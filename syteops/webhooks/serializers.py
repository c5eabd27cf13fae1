"""Webhooks as the Manage API shows and takes them."""

from typing import Any, ClassVar

from rest_framework import serializers

from manage_api.fields import IsSetField, MomentField, StrictCharField, StrictListField
from manage_api.serializers import StrictModelSerializer
from syteops.events.catalogue import MOST_PATTERNS
from syteops.webhooks.models import Webhook


class WebhookSerializer(StrictModelSerializer):
    types = StrictListField(
        child=StrictCharField(max_length=100),
        min_length=1,
        max_length=MOST_PATTERNS,
        help_text="Which events: types such as `crm_system.updated`, `crm_system.*`, or `*`.",
    )
    secret_set = IsSetField(source="signing_secret")
    secret_set_at = MomentField(source="signing_secret_set_at", read_only=True, allow_null=True)
    examples: ClassVar[dict[str, Any]] = {
        "name": "n8n",
        "types": ["crm_system.*", "variables.changed"],
    }

    class Meta:
        model = Webhook
        fields: ClassVar[tuple[str, ...]] = (
            "id", "name", "url", "types", "active", "secret_set", "secret_set_at", "tested_at",
            "created_at", "updated_at",
        )  # fmt: skip


class WebhookWithSecretSerializer(WebhookSerializer):
    signing_secret = serializers.CharField(
        source="new_secret", read_only=True, help_text="Shown in this answer and never again."
    )

    class Meta(WebhookSerializer.Meta):
        fields: ClassVar[tuple[str, ...]] = (*WebhookSerializer.Meta.fields, "signing_secret")
