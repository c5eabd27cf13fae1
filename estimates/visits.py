"""Who opened the client's page, noted without making each call a job or a write.

Noted in memory, and written every few seconds by each server process's background thread: whoever
has a link can call it as often as he likes, and keeps nothing else from being done. So what was
noted since the last writing is lost when a process is killed.
"""

import threading
from dataclasses import dataclass
from datetime import datetime

from django.db import DatabaseError
from django.utils import timezone

from estimates import services
from syteops.audit.chain import TrailBroken
from syteops.core.actors import Actor
from syteops.core.background import is_running

INTERVAL = 5.0
"""Seconds between two writings."""


@dataclass
class Visits:
    """Of one estimate, since the last writing. `actor` was the first."""

    actor: Actor
    first_at: datetime
    last_at: datetime
    count: int = 1


_lock = threading.Lock()
_noted: dict[int, Visits] = {}


def note(actor: Actor, estimate_id: int) -> None:
    """Note that the page was opened; write it at once where no thread would do it."""
    now = timezone.now()
    _add(estimate_id, Visits(actor, now, now))
    if not is_running():
        flush()


def flush() -> None:
    """Write what was noted. What cannot be written is kept for the next time."""
    with _lock:
        taken = _noted.copy()
        _noted.clear()
    try:
        for pk in sorted(taken):
            some = taken[pk]
            services.note_views(some.actor, pk, some.count, some.first_at, some.last_at)
            del taken[pk]
    except (DatabaseError, TrailBroken):
        for pk, some in taken.items():
            _add(pk, some)
        raise


def _add(pk: int, some: Visits) -> None:
    with _lock:
        known = _noted.setdefault(pk, some)
        if known is not some:
            known.count += some.count
            known.last_at = max(known.last_at, some.last_at)
            if some.first_at < known.first_at:
                known.first_at, known.actor = some.first_at, some.actor
