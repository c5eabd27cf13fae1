"""What becomes of a delivery: it has arrived, is tried again later, or is given up.

The times between two tries are those of Svix, which receivers know; each is up to a tenth longer,
so that not everything comes back at once. A receiver decides more: with `Retry-After` (RFC 9110,
section 10.2.3), with 410, and with `webhook-delivery: abort-message` or `disable` (Standard
Webhooks).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import uniform

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from syteops.audit.chain import TrailBroken
from syteops.audit.services import record_about
from syteops.core.actors import SYSTEM
from syteops.core.events import Noun, Verb
from syteops.core.outbound import Answer
from syteops.deliveries.erasure import has_erased
from syteops.deliveries.models import Delivery, DeliveryAttempt, DeliveryState, DestinationState
from syteops.integrations.sending import KEPT_ANSWER
from syteops.lib.masks import hide
from syteops.lib.retry_after import seconds_of

SCHEDULE = (0, 5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 10 * 3600)
"""Seconds before each try, counted from the one before."""
JITTER = 0.1
LONGEST_HOLD = 24 * 3600
"""Seconds that a receiver may ask for."""
FARTHEST = timedelta(days=2)
"""Nothing is put off for longer: what is due later was stored while the clock was wrong."""
SILENT_HOLD = 60
"""Seconds, at most, in which nothing else is tried at a destination that did not answer at all."""
SLOW_FROM = 1000
"""Milliseconds. Who takes longer has its next turns among those that do, until it is faster."""
UNRECORDED_HOLD = timedelta(hours=1)
FAILS_FOR = timedelta(days=5)
"""After so long without any success a destination is paused."""

_GONE = 410
_BUSY = (429, 503)


@dataclass(frozen=True)
class Try:
    """One try, and what came of it. `secrets` are what an answer may repeat and the log may not."""

    at: datetime
    milliseconds: int
    answer: Answer
    problem: str = ""
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def is_success(self) -> bool:
        """Whether the receiver has taken it."""
        return not self.problem and self.answer.is_success

    @property
    def wish(self) -> str:
        """What the receiver asks for, in the words of Standard Webhooks."""
        if self.answer.status == _GONE:
            return "disable"
        return self.answer.headers.get("webhook-delivery", "").strip().lower()

    @property
    def retry_after(self) -> int:
        """Seconds for which the receiver asks to be left alone."""
        given = self.answer.headers.get("retry-after", "")
        return min(seconds_of(given, timezone.now()), LONGEST_HOLD)

    def shown_answer(self) -> str:
        """The beginning of the answer, with no secret in it, as PostgreSQL can store it."""
        text = hide(self.answer.body.decode("utf-8", "replace"), self.secrets)
        kept = text.encode()[:KEPT_ANSWER].decode("utf-8", "ignore")
        return kept.replace("\0", "�")


@transaction.atomic
def note(state: DestinationState, deliveries: Sequence[Delivery], tried: Try) -> bool:
    """Store what came of a try; whether more may be sent there in this turn."""
    state = DestinationState.objects.select_for_update().get(pk=state.pk)
    turned_slow = tried.milliseconds > SLOW_FROM and not state.is_slow
    state.is_slow = tried.milliseconds > SLOW_FROM
    answer = "" if has_erased(tried.at) else tried.shown_answer()
    tries = [_attempt(one, tried, answer) for one in deliveries]
    DeliveryAttempt.objects.bulk_create(tries)
    if tried.is_success and not tried.answer.left:
        _finish(deliveries, DeliveryState.DELIVERED)
    else:
        _put_off(state, deliveries, tried)
    if tried.is_success:
        state.delivered_at, state.failing_since, state.last_problem = tried.at, None, ""
    else:
        state.failing_since, state.last_problem = state.failing_since or tried.at, str(tries[0])
    if tried.wish == "disable":
        pause(state, f"The receiver wants no more (it answered {tried.answer.status}).")
    elif state.failing_since and tried.at - state.failing_since > FAILS_FOR:
        pause(state, f"Nothing has arrived there for {FAILS_FOR.days} days.")
    state.save()
    return state.paused_at is None and not _is_held(state) and not turned_slow


def pause(state: DestinationState, why: str) -> None:
    """Send nothing more there until somebody resumes it; what is waiting waits.

    While that cannot be recorded the receiver is left alone for an hour instead, and then asked
    with one message.
    """
    if state.paused_at:
        return
    actor = SYSTEM.for_operation("deliveries.send")
    about = (Delivery.resource, state.public_id, str(state))
    try:
        record_about(actor, Noun.DELIVERIES, Verb.PAUSED, about, {"reason": (None, why)})
    except TrailBroken:
        state.held_until = timezone.now() + UNRECORDED_HOLD
    else:
        state.paused_at, state.why_paused = timezone.now(), why


def _attempt(delivery: Delivery, tried: Try, answer: str) -> DeliveryAttempt:
    return DeliveryAttempt(
        delivery=delivery,
        at=tried.at,
        milliseconds=tried.milliseconds,
        status=tried.answer.status or None,
        answer=answer,
        problem=tried.problem[:500],
    )


def _finish(deliveries: Sequence[Delivery], end: DeliveryState) -> None:
    for one in deliveries:
        one.state, one.attempts = end, one.attempts + 1
        one.finished_at, one.next_attempt_at = timezone.now(), None
        one.save(update_fields=["state", "attempts", "finished_at", "next_attempt_at"])


def _put_off(state: DestinationState, deliveries: Sequence[Delivery], tried: Try) -> None:
    is_over = tried.wish in ("disable", "abort-message")
    for one in deliveries:  # what is sent again is tried as new, and so what goes with it
        one.attempts = min(one.attempts, deliveries[0].attempts)
    ended = [one for one in deliveries if is_over or one.attempts + 1 >= len(SCHEDULE)]
    _finish(ended, DeliveryState.GIVEN_UP)
    deliveries = [one for one in deliveries if one not in ended]
    if not deliveries:
        return
    attempts = deliveries[0].attempts + 1
    wait = SCHEDULE[attempts] * uniform(1, 1 + JITTER)  # noqa: S311 - nothing secret
    now = timezone.now()
    later = now + timedelta(seconds=max(wait, tried.retry_after))
    for one in deliveries:
        one.attempts, one.next_attempt_at = one.attempts + 1, later
        if tried.answer.left:
            one.left = tried.answer.left
        one.save(update_fields=["attempts", "next_attempt_at", "order_key"])
    if tried.retry_after and tried.answer.status in _BUSY:
        state.held_until = later
    elif not tried.answer.status:
        state.held_until = now + timedelta(seconds=min(wait, SILENT_HOLD))


def has_come(moment: str) -> Q:
    """Whether that of a row has come, or was never meant to be so far away."""
    now = timezone.now()
    return Q(**{f"{moment}__lte": now}) | Q(**{f"{moment}__gt": now + FARTHEST})


def _is_held(state: DestinationState) -> bool:
    now = timezone.now()
    return bool(state.held_until and now < state.held_until <= now + FARTHEST)
