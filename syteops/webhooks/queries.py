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


def standing_so(standing: Standing) -> QuerySet[Webhook]:
    """The webhooks to which deliveries go that way."""
    known: dict[Standing, dict[str, bool]] = {
        Standing.PAUSED: {"paused_at": False},
        Standing.FAILING: {"paused_at": True, "failing_since": False},
        Standing.DELIVERING: {"paused_at": True, "failing_since": True, "delivered_at": False},
        Standing.NEW: {"paused_at": True, "failing_since": True, "delivered_at": True},
    }
    lacks = {f"{name}__isnull": is_none for name, is_none in known[standing].items()}
    return with_standing(Webhook.objects.order_by()).filter(**lacks)


def standing_of_webhook(webhook: Any) -> Standing:
    """How deliveries to a webhook `with_standing` go."""
    return standing_of(webhook)
