"""From a published event to deliveries: one for each destination that wants it.

That is done in the transaction that publishes, so no event is published that is not queued, and
none is queued twice.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from django.utils import timezone

from syteops.deliveries.models import Delivery
from syteops.deliveries.services import wake
from syteops.events.models import Event
from syteops.events.publishing import on_publish
from syteops.integrations.catalogue import Destination
from syteops.integrations.queries import all_installed


@on_publish
def queue_deliveries(events: Sequence[Event]) -> None:
    """Queue the events for the destinations of every enabled integration.

    In as many statements for a thousand destinations as for one.
    """
    now, queued = timezone.now(), []
    woken: dict[tuple[str, datetime], list[str]] = {}
    for integration, destination in open_destinations():
        if wanted := [one for one in events if destination.wants(one)]:
            due = destination.first_at(now)
            queued += [_delivery(integration, destination, one, due) for one in wanted]
            woken.setdefault((integration, due), []).append(destination.key)
    Delivery.objects.bulk_create(queued)
    for (integration, due), keys in woken.items():
        wake(integration, keys, due)


def open_destinations() -> Iterator[tuple[str, Destination]]:
    """Where events go now: the destinations of enabled integrations, by their slug."""
    for one in all_installed():
        if one.enabled and one.available:
            for destination in one.integration.destinations(one.config):
                yield one.slug, destination


def _delivery(integration: str, destination: Destination, event: Event, due: datetime) -> Delivery:
    return Delivery(
        integration=integration,
        destination=destination.key,
        event=event,
        # What goes in one message has one order: what failed goes again before what came later.
        order_key="" if destination.together else order_key_of(event),
        next_attempt_at=due,
    )


def order_key_of(event: Event) -> str:
    """What events about one object have in common."""
    return f"{event.resource}:{event.object_pk or event.object_id}"[:130]
