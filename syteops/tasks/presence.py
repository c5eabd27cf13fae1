"""Whether a worker process is there: a row for everybody, a locked file for its own machine.

The operating system ends the lock with the process, however that ends. So a worker that was killed
is known at once where its data directory is, and everywhere else when its heart stops. The file
takes every heartbeat and the row few: on SQLite, where nobody needs it, only the first, for there a
write ends what is kept of answers.
"""

import os
import re
import secrets
import socket
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.utils import timezone

from syteops.core.rows import put_row
from syteops.core.written import tells_of_life
from syteops.lib.plain_files import opener
from syteops.tasks.models import TaskWorker

tells_of_life(TaskWorker)

BEATS_EVERY = 5.0
"""Seconds."""

WRITTEN_EVERY = timedelta(seconds=20)
"""How often other machines are told, by the row. On SQLite there are no others."""

DEAD_AFTER = timedelta(seconds=60)
"""Without a heartbeat."""

AHEAD = timedelta(minutes=10)
"""By so much another machine's clock may be. Whoever was seen later was seen by a wrong one."""


class Presence:
    """This process among the workers, from `begin` to `end`. Its `id` is never used again."""

    def __init__(self) -> None:
        host = re.sub(r"[^\w.-]", "-", socket.gethostname())[:60]
        self.id = f"{host}-{os.getpid()}-{secrets.token_hex(4)}"
        self._started_at = timezone.now()
        self._lock = -1

    def begin(self) -> None:
        """Be there. Raises OSError when the data directory cannot be written."""
        self._lock = opener(_lock_file(self.id), os.O_RDWR | os.O_CREAT)
        flock(self._lock, LOCK_EX)
        try:
            self.beat()
        except BaseException:
            self._unlock()
            raise

    def beat(self) -> None:
        """Be seen."""
        os.utime(self._lock)
        now, told = timezone.now(), TaskWorker.objects.filter(pk=self.id)
        if connection.vendor != "sqlite":
            told = told.filter(seen_at__gt=now - WRITTEN_EVERY, seen_at__lte=now)
        if not told.exists():
            put_row(TaskWorker(pk=self.id, seen_at=now, started_at=self._started_at))

    def end(self) -> None:
        """Be gone. What is still running counts as lost from now on."""
        TaskWorker.objects.filter(pk=self.id).delete()
        self._unlock()

    def _unlock(self) -> None:
        _lock_file(self.id).unlink(missing_ok=True)
        os.close(self._lock)


def living_workers() -> set[str]:
    """The ids of the workers that are there."""
    return {worker for worker, seen_at in _last_seen().items() if _is_fresh(seen_at)}


def _is_fresh(seen_at: datetime) -> bool:
    now = timezone.now()
    return now - DEAD_AFTER < seen_at < now + AHEAD


def forget_dead_workers(living: set[str]) -> None:
    """Remove what all workers but the `living` have left behind.

    Nothing of one whose process is still there: it may go on, and needs its file for that. Nor of
    one that has begun since the living were asked for.
    """
    others = TaskWorker.objects.exclude(pk__in=living).values_list("pk", "seen_at")
    for worker, told in others:
        beat = _beat_here(worker)
        if beat == _GONE or (beat is None and not _is_fresh(told)):
            TaskWorker.objects.filter(pk=worker).delete()
            with suppress(OSError):
                _lock_file(worker).unlink(missing_ok=True)


_GONE = datetime.min.replace(tzinfo=UTC)
"""When a process that has ended was seen last: too long ago for anybody."""


def _last_seen() -> dict[str, datetime]:
    rows = TaskWorker.objects.values_list("pk", "seen_at")
    return {worker: _beat_here(worker) or told for worker, told in rows}


def _beat_here(worker: str) -> datetime | None:
    """The last heartbeat of a process of this machine. None for those of others."""
    try:
        file = opener(_lock_file(worker), os.O_RDWR)
    except OSError:
        return None
    try:
        flock(file, LOCK_EX | LOCK_NB)
    except OSError:
        return datetime.fromtimestamp(os.fstat(file).st_mtime, UTC)
    else:
        return _GONE
    finally:
        os.close(file)


def _lock_file(worker: str) -> Path:
    return Path(settings.DATA_DIR) / f"worker-{worker}.lock"
