"""When and from where each key was last used, without making a read a write.

Noted in memory, and written at most once a minute for each key by a thread of the process.
"""

import threading
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from manage_api.keys.models import ManageKey

INTERVAL = timedelta(minutes=1)

_seen: dict[int, tuple[datetime, str]] = {}
_lock = threading.Lock()
_wake = threading.Event()


def seen(key_id: int, address: str) -> None:
    """Note one use of a key. Costs no query."""
    with _lock:
        _seen[key_id] = (timezone.now(), address)
    _wake.set()


def flush() -> None:
    """Write what was noted, skipping keys written within the last minute by any process."""
    with _lock:
        noted = dict(_seen)
        _seen.clear()
    for key_id, (at, address) in noted.items():
        stale = Q(last_used_at=None) | Q(last_used_at__lt=at - INTERVAL)
        ManageKey.objects.filter(stale, pk=key_id).update(
            last_used_at=at, last_used_address=address
        )


def start_flushing() -> None:
    """Start this process's thread. The server's application calls it; commands and tests do not."""
    threading.Thread(target=_flush_for_ever, name="key-usage", daemon=True).start()


def _flush_for_ever() -> None:
    pause = threading.Event()
    while True:
        _wake.wait()
        _wake.clear()
        try:
            flush()
        except Exception:  # noqa: BLE001 - a statistic must never end the thread
            connection.close()
        pause.wait(INTERVAL.total_seconds())
