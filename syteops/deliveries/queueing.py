"""From a published event to deliveries: one for each destination that wants it.

That is done in the transaction that publishes, so no event is published that is not queued, and
none is queued twice.
"""

from collections.abc import Iterator, Sequence

from django.utils import timezone

from syteops.deliveries.models import Delivery
from syteops.deliveries.services import wake
from syteops.events.models import Event
from syteops.events.publishing import on_publish
from syteops.integrations.catalogue import Destination
from syteops.integrations.queries import all_installed


@on_publish
def queue_deliveries(events: Sequence[Event]) -> None:
    """Queue the events for the destinations of every enabled integration."""
    for integration, destination in open_destinations():
        queue(integration, destination, [e for e in events if destination.wants(e)])


def open_destinations() -> Iterator[tuple[str, Destination]]:
    """Where events go now: the destinations of enabled integrations, by their slug."""
    for one in all_installed():
        if one.enabled and one.available:
            for destination in one.integration.destinations(one.config):
                yield one.slug, destination


def queue(integration: str, destination: Destination, events: Sequence[Event]) -> int:
    """Have the events sent there; how many. Call it inside a transaction."""
    if not events:
        return 0
    now = timezone.now()
    due = destination.first_at(now)
    Delivery.objects.bulk_create(
        Delivery(
            integration=integration,
            destination=destination.key,
            event=event,
            # What goes in one message has one order: what failed goes again before what came later.
            order_key="" if destination.together else order_key_of(event),
            next_attempt_at=due,
        )
        for event in events
    )
    wake(integration, destination.key, due)
    return len(events)


def order_key_of(event: Event) -> str:
    """What events about one object have in common."""
    return f"{event.resource}:{event.object_pk or event.object_id}"[:130]
