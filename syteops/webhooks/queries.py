"""Reading webhooks."""

from typing import Any

from django.db.models import CharField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Cast

from syteops.deliveries.choices import Standing
from syteops.deliveries.models import DestinationState
from syteops.deliveries.queries import standing_of
from syteops.webhooks.models import Webhook

INTEGRATION = "webhooks"
"""The integration that sends to them."""


def all_webhooks() -> QuerySet[Webhook]:
    """Every webhook, by name."""
    return Webhook.objects.all()


def active_webhooks() -> QuerySet[Webhook]:
    """Those that get events, as long as the integration is enabled."""
    return Webhook.objects.filter(active=True).order_by("id")


def with_standing(found: QuerySet[Webhook]) -> QuerySet[Webhook]:
    """Those webhooks, each with how deliveries to it go, in the same query."""
    states = DestinationState.objects.filter(
        integration=INTEGRATION, destination=Cast(OuterRef("pk"), CharField())
    )
    names = ("delivered_at", "failing_since", "paused_at")
    return found.annotate(**{name: Subquery(states.values(name)[:1]) for name in names})


def standing_of_webhook(webhook: Any) -> Standing:
    """How deliveries to a webhook `with_standing` go."""
    return standing_of(webhook)
