"""Turns: all that is due for one destination, sent one after the other.

A destination has one turn at a time. Its lease is renewed before each message; who has lost it,
because it was held up for longer than that, sends nothing more. So what was under way when a worker
was killed is sent again a minute later, and everything else is sent once, in order per object.

Who has not taken its last message at once (it took long to answer, refused, or was never sent one)
has its next turn in a queue of such, and so keeps no other waiting.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from time import monotonic
from uuid import uuid4

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from syteops.core.errors import Conflict, NotFound
from syteops.core.outbound import Answer, OutboundFailed, SilentLately, in_a_hurry
from syteops.core.tasks import forgets_successes, task
from syteops.deliveries.models import Delivery, DeliveryState, DestinationState
from syteops.deliveries.outcomes import Try, has_come, note
from syteops.deliveries.services import cancel, cancel_waiting
from syteops.events.queries import fitting
from syteops.integrations.catalogue import Destination, Integration, Message, Setup
from syteops.integrations.errors import DeliveryFailed
from syteops.integrations.queries import get_installed

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
"""Longer than any message takes."""
TURN = 20.0
"""Seconds after which a destination has to wait for its next turn."""
FAST, SLOW = "deliveries", "slow_deliveries"
"""Queues. However many destinations are slow, they have no thread of those that are not.

Which ones are is not known of new ones: hundreds may never answer.
"""
MOST_TOGETHER = 500
"""Events in one message."""


def start_turns() -> int:
    """Begin a turn for every destination for which something is due; how many.

    One short query while nothing is.
    """
    due = has_come("due_at") & (Q(held_until=None) | has_come("held_until")) & Q(paused_at=None)
    waiting = list(DestinationState.objects.filter(due & _free()).values_list("pk", flat=True))
    for pk in waiting:
        _start_turn(pk)
    return len(waiting)


def _free() -> Q:
    now = timezone.now()
    by_a_wrong_clock = Q(leased_until__gt=now + 2 * LEASE)
    over = Q(leased_until__lt=now) | by_a_wrong_clock
    return Q(lease=None) | over


@transaction.atomic
def _start_turn(pk: int) -> None:
    """Take the lease and have a worker use it; both or neither."""
    lease = uuid4()
    until = timezone.now() + LEASE
    mine = DestinationState.objects.filter(pk=pk)
    if mine.filter(_free()).update(lease=lease, leased_until=until):
        took_it_at_once = Q(is_slow=False, failing_since=None, delivered_at__isnull=False)
        queue = FAST if mine.filter(took_it_at_once).exists() else SLOW
        take_turn.using(queue_name=queue).enqueue(pk, str(lease), hurries=queue == FAST)


@forgets_successes
@task(queue_name=FAST)
def take_turn(pk: int, lease: str, *, hurries: bool = False) -> None:
    """Send what is due, for as long as the lease and the turn last.

    One that `hurries` waits for no address that was silent lately: it goes on among the slow ones.
    """
    until = monotonic() + TURN
    try:
        with in_a_hurry(hurries):
            while monotonic() < until and (state := _renewed(pk, lease)):
                if not _send_next(state):
                    break
    except SilentLately:
        take_turn.using(queue_name=SLOW).enqueue(pk, lease)
        return
    _end_turn(pk, lease)


def _renewed(pk: int, lease: str) -> DestinationState | None:
    mine = DestinationState.objects.filter(pk=pk, lease=lease, paused_at=None)
    mine.update(leased_until=timezone.now() + LEASE)
    return mine.first()


def _send_next(state: DestinationState) -> bool:
    """Send the next message; False when none is due now, or the receiver wants a pause."""
    at = timezone.now()  # before anything is read that may be erased meanwhile
    due = _first_of_each_object(state).filter(has_come("next_attempt_at"))
    deliveries = list(due[:1])
    if not deliveries:
        return False
    try:
        found = _destination_of(state)
    except Conflict as lacking:  # such as a secret that does not open: once it is set it goes on
        return note(state, deliveries, Try(at, 0, Answer(0), lacking.detail))
    if found is None:
        cancel_waiting(state.integration, state.destination)
        return False
    integration, destination, setup = found
    if destination.together:
        same = _waiting(state).filter(order_key=deliveries[0].order_key)
        count, _ = fitting(same, MOST_TOGETHER, "event__")
        deliveries = list(same[:count])
    if unwanted := [one.pk for one in deliveries if not destination.wants(one.event)]:
        # Whoever decided meanwhile what goes there, or where to, may read that and perhaps no more.
        cancel(Delivery.objects.filter(pk__in=unwanted))
        return True
    tried = _try(integration, setup, deliveries, at)
    return note(state, deliveries, tried)


def _first_of_each_object(state: DestinationState) -> QuerySet[Delivery]:
    """What is waiting and has nothing about the same object before it."""
    earlier = _waiting(state).filter(order_key=OuterRef("order_key"), event__lt=OuterRef("event"))
    return _waiting(state).filter(~Exists(earlier))


def _waiting(state: DestinationState) -> QuerySet[Delivery]:
    found = Delivery.objects.filter(
        integration=state.integration, destination=state.destination, state=DeliveryState.WAITING
    )
    # By the column: by the event that it names, no index of deliveries would have that order.
    return found.select_related("event__entry").order_by("event_id")


def _destination_of(state: DestinationState) -> tuple[Integration, Destination, Setup] | None:
    """Where to send and with what; None where nothing is to be sent there any more.

    Raises Conflict for what is enabled, and not set up or not available here.
    """
    try:
        one = get_installed(state.integration)
    except NotFound:
        return None
    if not one.enabled:
        return None
    if reason := one.unavailable_reason:
        raise Conflict(reason)
    integration, setup = one.integration, one.setup()
    # Of thousands that one alone is read: each of them comes by here for each of its messages.
    for place in integration.destinations_among(setup.config, {state.destination}):
        return integration, place, setup
    return None


def _try(
    integration: Integration, setup: Setup, deliveries: Sequence[Delivery], at: datetime
) -> Try:
    assert integration.send is not None
    events = [one.event for one in deliveries]
    first = deliveries[0]
    message = Message(events[-1].public_id, first.destination, events, first.left)
    began = monotonic()
    answer, problem = Answer(0), ""
    try:
        answer = integration.send(setup, message)
    except (DeliveryFailed, OutboundFailed) as failure:
        problem = failure.detail
    except SilentLately:
        raise
    except Exception as error:  # noqa: BLE001 - a fault of one integration must not stop the others
        # Without the traceback: its text may repeat a secret.
        log.error("%s cannot be sent to: %s.", integration.name, type(error).__name__)
        problem = "Something went wrong here. The log of the worker says more."
    return Try(
        at, int((monotonic() - began) * 1000), answer, problem, tuple(setup.secrets.values())
    )


@transaction.atomic
def _end_turn(pk: int, lease: str) -> None:
    """Hand the lease back, and say when there is something to be sent again."""
    state = DestinationState.objects.select_for_update().filter(pk=pk, lease=lease).first()
    if state is None:
        return
    state.lease = state.leased_until = None
    times = _first_of_each_object(state).order_by("next_attempt_at")
    state.due_at = times.values_list("next_attempt_at", flat=True).first()
    state.save()
