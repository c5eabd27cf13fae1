"""When, from where and how often each key was used, without making a read a write.

Noted in memory, and written at most once a minute by each process's background thread. So what was
noted since the last writing, a minute's at most, is lost when a process is killed.
"""

import threading
from collections import Counter
from datetime import datetime, timedelta
from time import monotonic
from typing import NamedTuple

from django.db import DatabaseError, transaction
from django.db.models import F, Q
from django.utils import timezone

from manage_api.keys.models import KeyCalls, ManageKey
from syteops.core.background import after_answer, is_running
from syteops.core.removing import remove

INTERVAL = timedelta(minutes=1)
KEPT = timedelta(days=31)
"""How long calls are counted back, a little more than the pages show."""


class Use(NamedTuple):
    """The last use of a key that this process saw."""

    at: datetime
    address: str


_lock = threading.Lock()
_last: dict[int, Use] = {}
_calls: Counter[tuple[int, datetime]] = Counter()
_pause_until = 0.0
"""On the monotonic clock: before that, what is noted waits for the flush that is due anyway."""


def note_call(key_id: int, address: str) -> None:
    """Note one call with a key. Costs no query; the first one after a pause is written at once."""
    now = timezone.now()
    with _lock:
        _last[key_id] = Use(now, address)
        _calls[key_id, hour_of(now)] += 1
        is_first = is_running() and monotonic() >= _pause_until
        if is_first:
            _pause()
    if is_first:
        after_answer(flush)


def flush() -> None:
    """Write what was noted. Calls that cannot be written count the next time."""
    last, calls = _take()
    if not calls:
        return
    try:
        _write(last, calls)
    except DatabaseError:
        with _lock:
            _calls.update(calls)
        raise


def _take() -> tuple[dict[int, Use], Counter[tuple[int, datetime]]]:
    with _lock:
        taken = _last.copy(), _calls.copy()
        _last.clear()
        _calls.clear()
        _pause()
    return taken


def _pause() -> None:
    global _pause_until  # noqa: PLW0603 - one clock for the process
    _pause_until = monotonic() + INTERVAL.total_seconds()


@transaction.atomic
def _write(last: dict[int, Use], calls: Counter[tuple[int, datetime]]) -> None:
    """In one order for every process, so that no two wait for each other."""
    for key_id, use in sorted(last.items()):
        # Another process may have written its own a moment ago.
        stale = Q(last_used_at=None) | Q(last_used_at__lt=use.at - INTERVAL)
        ManageKey.objects.filter(stale, pk=key_id).update(
            last_used_at=use.at, last_used_address=use.address
        )
    hours = sorted(calls)
    KeyCalls.objects.bulk_create(
        (KeyCalls(key_id=key_id, hour=hour) for key_id, hour in hours), ignore_conflicts=True
    )
    for key_id, hour in hours:
        counted = KeyCalls.objects.filter(key_id=key_id, hour=hour)
        counted.update(calls=F("calls") + calls[key_id, hour])


def hour_of(moment: datetime) -> datetime:
    """The beginning of its hour."""
    return moment.replace(minute=0, second=0, microsecond=0)


def forget_old_calls() -> None:
    """Remove the counts that no page shows any more."""
    remove(KeyCalls.objects.filter(hour__lt=timezone.now() - KEPT))
