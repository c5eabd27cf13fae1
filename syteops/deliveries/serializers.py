"""Deliveries as the Manage API shows them."""

from typing import Any, ClassVar

from rest_framework import serializers

from manage_api.fields import MomentField, StrictBooleanField, StrictCharField
from manage_api.serializers import WholeSerializer
from syteops.deliveries.choices import Standing
from syteops.deliveries.models import DeliveryState


class DeliverySerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    integration = serializers.CharField(help_text="Such as `webhooks`.")
    destination = serializers.CharField(help_text="Of webhooks the `id`; empty if there is one.")
    event = serializers.CharField(source="event.public_id", help_text="The event's `id`.")
    type = serializers.CharField(source="event.type", help_text="Such as `crm_system.updated`.")
    resource = serializers.CharField(source="event.resource")
    object = serializers.CharField(source="event.object_id")
    state = serializers.ChoiceField(choices=DeliveryState.choices)
    attempts = serializers.IntegerField(help_text="How often it was tried since it was queued.")
    created_at = MomentField(help_text="When it was queued.")
    next_attempt_at = MomentField(
        allow_null=True, help_text="Null once it is not waiting any more."
    )
    finished_at = MomentField(allow_null=True)


class DeliveryAttemptSerializer(serializers.Serializer[Any]):
    at = MomentField()
    milliseconds = serializers.IntegerField(help_text="How long it took.")
    status = serializers.IntegerField(allow_null=True, help_text="Null where nothing was answered.")
    answer = serializers.CharField(help_text="Its first 2,048 bytes, without our own secrets.")
    problem = serializers.CharField(help_text="Why nothing was answered; else empty.")


class DeliveryDetailSerializer(DeliverySerializer):
    tries = DeliveryAttemptSerializer(
        many=True, source="latest_tries", help_text="The latest 50 attempts, newest first."
    )


class DestinationSerializer(serializers.Serializer[Any]):
    integration = serializers.CharField(help_text="Such as `webhooks`.")
    destination = serializers.CharField(help_text="Of webhooks the `id`; empty if there is one.")
    name = serializers.CharField(
        help_text="Of webhooks the `id`, for those who may not read webhooks."
    )
    enabled = serializers.BooleanField(help_text="Whether the integration sends anything.")
    standing = serializers.ChoiceField(choices=Standing.choices, help_text="How it goes.")
    waiting = serializers.IntegerField(help_text="Deliveries that are not made yet.")
    delivered_at = MomentField(
        source="state.delivered_at", allow_null=True, help_text="When something last arrived."
    )
    failing_since = MomentField(source="state.failing_since", allow_null=True)
    paused_at = MomentField(source="state.paused_at", allow_null=True)
    why_paused = serializers.CharField(source="state.why_paused", help_text="Empty if it is not.")


class DestinationListSerializer(serializers.Serializer[Any]):
    destinations = DestinationSerializer(many=True)


class DestinationInput(WholeSerializer):
    """One destination."""

    examples: ClassVar[dict[str, Any]] = {"integration": "automation_push"}

    integration = StrictCharField(max_length=50, help_text="Such as `webhooks`.")
    destination = StrictCharField(
        max_length=64, allow_blank=True, default="", help_text="Of webhooks the `id`."
    )


class ResendSinceInput(DestinationInput):
    """What is to be sent once more to one destination."""

    since = MomentField(help_text="What was queued from then on.")
    everything = StrictBooleanField(
        default=False, help_text="Also what has arrived, not only what was given up or cancelled."
    )


class ResentSerializer(serializers.Serializer[Any]):
    resent = serializers.IntegerField(help_text="How many deliveries are sent once more.")
