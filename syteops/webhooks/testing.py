"""Test events: each goes to the webhook that it tests, whatever events that one wants."""

from collections.abc import Sequence

from syteops.core.events import Verb
from syteops.deliveries.queueing import queue
from syteops.events.models import Event
from syteops.events.publishing import on_publish
from syteops.events.queries import fits
from syteops.integrations.queries import running
from syteops.webhooks.integrations import destination_of
from syteops.webhooks.models import Webhook
from syteops.webhooks.queries import INTEGRATION, active_webhooks

TYPE = f"{Webhook.noun}.{Verb.TESTED}"


@on_publish
def queue_tests(events: Sequence[Event]) -> None:
    """Queue each test for its webhook, unless that gets such events anyway."""
    tests = [one for one in events if one.type == TYPE]
    if not tests or running(INTEGRATION) is None:
        return
    for webhook in active_webhooks().filter(pk__in=[one.object_pk for one in tests]):
        mine = [one for one in tests if one.object_pk == str(webhook.pk)]
        queue(
            INTEGRATION,
            destination_of(webhook),
            [one for one in mine if not fits(one.type, webhook.types)],
        )
