"""Limits of an area, enforced before anything is sent, and the true usage booked afterwards.

A reservation is counted in a short transaction of its own, under a lock per area: callers that come
at the same time see each other's, so together they cannot use more than is allowed. Whatever ends
a process in between, the reservation stays counted.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import F
from django.utils import timezone

from syteops.ai import queries
from syteops.ai.models import AiAreaSettings, AiUsage
from syteops.core.actors import Actor
from syteops.core.errors import LimitReached
from syteops.core.locks import transaction_lock
from syteops.lib.text import cut


@dataclass(frozen=True)
class Reservation:
    """A call that is counted already."""

    row: int
    tokens: int


def reserve(
    actor: Actor, settings: AiAreaSettings, provider: str, model: str, tokens: int
) -> Reservation:
    """Count one request and the most tokens that it can use. Call inside a transaction.

    Raises LimitReached naming the limit, and when it is reset.
    """
    transaction_lock(f"ai_area {settings.area}")
    require_left(settings, tokens)
    today = timezone.localdate()
    row, _ = AiUsage.objects.get_or_create(
        area=settings.area,
        day=today,
        provider=provider,
        model=model,
        actor_kind=actor.kind,
        actor_id=actor.id[:100],
        defaults={"actor_label": cut(actor.label, 200)},
    )
    _add(row.pk, requests=1, reserved_tokens=tokens)
    return Reservation(row.pk, tokens)


def require_left(settings: AiAreaSettings, tokens: int) -> None:
    """Raises LimitReached where one more request, with so many tokens, would be too much."""
    today = timezone.localdate()
    _check_requests(settings, today)
    _check_tokens(settings, today, tokens)


def settle(reservation: Reservation, usage: tuple[int, int]) -> None:
    """Book what was really used (input, output) instead of what was reserved."""
    _add(
        reservation.row,
        reserved_tokens=-reservation.tokens,
        input_tokens=usage[0],
        output_tokens=usage[1],
    )


def _add(row: int, **counts: int) -> None:
    """Meters are counted, not edited: this is no change that the audit trail tells of."""
    AiUsage.objects.filter(pk=row).update(**{name: F(name) + n for name, n in counts.items()})


def _check_requests(settings: AiAreaSettings, today: date) -> None:
    limit = settings.requests_per_day
    if limit is None or queries.requests_on(settings.area, today) < limit:
        return
    raise _reached(
        f"{settings} has used its {limit} requests of today.",
        "requests_per_day",
        limit,
        today + timedelta(days=1),
    )


def _check_tokens(settings: AiAreaSettings, today: date, tokens: int) -> None:
    limit = settings.tokens_per_month
    if limit is None:
        return
    left = max(limit - queries.tokens_in_month_of(settings.area, today), 0)
    if tokens <= left:
        return
    raise _reached(
        f"{settings} has {left} of its {limit} tokens of this month left, "
        f"and this request could use {tokens}.",
        "tokens_per_month",
        limit,
        (today.replace(day=1) + timedelta(days=32)).replace(day=1),
    )


def _reached(detail: str, name: str, limit: int, day: date) -> LimitReached:
    midnight = timezone.make_aware(datetime(day.year, day.month, day.day))
    told: dict[str, Any] = {"limit": name, "allowed": limit, "resets_at": midnight.isoformat()}
    return LimitReached(f"{detail} The limit {name} is reset on {day:%Y-%m-%d}.", **told)
