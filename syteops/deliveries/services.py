"""What people and tools do with deliveries."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Case, F, Q, QuerySet, Value, When
from django.utils import timezone

from syteops.audit.services import record_about
from syteops.core.actors import Actor
from syteops.core.errors import Conflict
from syteops.core.events import Noun, Verb
from syteops.deliveries.models import LEFT, Delivery, DeliveryState, DestinationState
from syteops.deliveries.queries import get_destination, readable_deliveries
from syteops.events.rights import require_readable

UNDELIVERED = (DeliveryState.GIVEN_UP, DeliveryState.CANCELLED)
MOST_RESENT = 50_000
"""Half a second of one write."""


@transaction.atomic
def resend(actor: Actor, delivery: Delivery) -> Delivery:
    """Send it once more, as new: with the same id, so that a receiver that has it can tell.

    Raises Conflict while it is still waiting to be sent.
    """
    if delivery.state == DeliveryState.WAITING:
        raise Conflict("It has not been given up: it is sent by itself.")
    where = {"integration": delivery.integration, "destination": delivery.destination}
    _put_in_line(Delivery.objects.filter(pk=delivery.pk), **where)
    delivery.refresh_from_db()
    about = (Delivery.resource, str(delivery.pk), str(delivery))
    record_about(actor, Noun.DELIVERIES, Verb.RESENT, about)
    return delivery


@transaction.atomic
def resend_since(
    actor: Actor, integration: str, destination: str, since: datetime, *, everything: bool = False
) -> int:
    """Send again what was given up there since then, or `everything` that was sent; how many.

    Only of events that the actor may read. The oldest first, and MOST_RESENT at most: others wait
    to write meanwhile. Raises NotFound where there is no such destination.
    """
    get_destination(integration, destination)
    states = (*UNDELIVERED, DeliveryState.DELIVERED) if everything else UNDELIVERED
    where = {"integration": integration, "destination": destination}
    readable = readable_deliveries(actor.readable())
    found = readable.filter(state__in=states, created_at__gte=since, **where)
    oldest = found.order_by("event_id").values("pk")[:MOST_RESENT]
    resent = _put_in_line(Delivery.objects.filter(pk__in=oldest), **where)
    if not resent:
        return 0
    about = (Delivery.resource, f"{integration}/{destination}".rstrip("/"), "")
    changes = {"resent": (None, resent), "since": (None, since.isoformat())}
    record_about(actor, Noun.DELIVERIES, Verb.RESENT, about, changes)
    return resent


@transaction.atomic
def resume(actor: Actor, state: DestinationState) -> DestinationState:
    """Send to a paused destination again, beginning with what is waiting. `state` is locked.

    Raises Forbidden unless the actor may read all that is sent there.
    """
    if state.paused_at is None:
        return state
    require_readable(actor, get_destination(state.integration, state.destination).known.types)
    state.paused_at = state.failing_since = state.held_until = None
    state.why_paused, state.due_at = "", timezone.now()
    state.save()
    about = (Delivery.resource, state.public_id, str(state))
    record_about(actor, Noun.DELIVERIES, Verb.RESUMED, about)
    return state


@transaction.atomic
def close(integration: str, destination: str) -> None:
    """Send nothing of what is waiting there: the destination goes. Its deliveries stay on record.

    A new destination of that name, or this one when it comes back, begins anew.
    """
    state = DestinationState.objects.select_for_update().filter(
        integration=integration, destination=destination
    )
    # Not deleted: a turn may be under way, which notes there what came of it.
    state.update(paused_at=None, why_paused="", failing_since=None, due_at=None)
    cancel_waiting(integration, destination)


def cancel_waiting(integration: str, destination: str) -> None:
    """Send nothing of what is waiting there."""
    waiting = Delivery.objects.filter(
        integration=integration, destination=destination, state=DeliveryState.WAITING
    )
    cancel(waiting)


def cancel(deliveries: QuerySet[Delivery]) -> None:
    """Send nothing of these."""
    now = timezone.now()
    deliveries.update(state=DeliveryState.CANCELLED, next_attempt_at=None, finished_at=now)


def _put_in_line(found: QuerySet[Delivery], integration: str, destination: str) -> int:
    """In one statement: a destination that was away for a week is owed very many."""
    now = timezone.now()
    # Who was left has got it: now it goes to all again. Else it goes to who is left.
    arrived = When(state=DeliveryState.DELIVERED, order_key__startswith=LEFT, then=Value(""))
    count = found.update(
        order_key=Case(arrived, default=F("order_key")),
        state=DeliveryState.WAITING,
        attempts=0,
        next_attempt_at=now,
        finished_at=None,
    )
    if count:
        wake(integration, [destination], now)
    return count


def wake(integration: str, destinations: Sequence[str], due: datetime) -> None:
    """Have the destinations looked at then, at the latest. Call it inside a transaction.

    Whose turn it is looks for what has come meanwhile before it ends, and waits for these locks.
    """
    states = DestinationState.objects.filter(integration=integration, destination__in=destinations)
    missing = set(destinations).difference(states.values_list("destination", flat=True))
    DestinationState.objects.bulk_create(
        (DestinationState(integration=integration, destination=one) for one in sorted(missing)),
        ignore_conflicts=True,
    )
    list(states.select_for_update().order_by("pk").values_list("pk"))
    late = Q(due_at=None) | Q(due_at__gt=due)
    states.filter(late, lease=None).update(due_at=due)
