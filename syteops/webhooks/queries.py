"""Reading webhooks."""

from django.db.models import QuerySet

from syteops.webhooks.models import Webhook

INTEGRATION = "webhooks"
"""The integration that sends to them."""


def all_webhooks() -> QuerySet[Webhook]:
    """Every webhook, by name."""
    return Webhook.objects.all()


def active_webhooks() -> QuerySet[Webhook]:
    """Those that get events, as long as the integration is enabled."""
    return Webhook.objects.filter(active=True).order_by("id")
