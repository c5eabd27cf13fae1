"""Whether a worker process is there: a heartbeat for everybody, a lock for its own machine.

The operating system ends the lock with the process, however that ends. So a worker that was killed
is known at once where its data directory is, and everywhere else when its heart stops.
"""

import os
import re
import secrets
import socket
from contextlib import suppress
from datetime import datetime, timedelta
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from syteops.tasks.models import TaskWorker

BEATS_EVERY = 5.0
"""Seconds."""

DEAD_AFTER = timedelta(seconds=60)
"""Without a heartbeat."""


class Presence:
    """This process among the workers, from `begin` to `end`. Its `id` is never used again."""

    def __init__(self) -> None:
        host = re.sub(r"[^\w.-]", "-", socket.gethostname())[:60]
        self.id = f"{host}-{os.getpid()}-{secrets.token_hex(4)}"
        self._started_at = timezone.now()
        self._lock = -1

    def begin(self) -> None:
        """Be there. Raises OSError when the data directory cannot be written."""
        self._lock = os.open(_lock_file(self.id), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        flock(self._lock, LOCK_EX)
        try:
            self.beat()
        except BaseException:
            self._unlock()
            raise

    def beat(self) -> None:
        """Be seen."""
        seen = {"seen_at": timezone.now(), "started_at": self._started_at}
        TaskWorker.objects.update_or_create(pk=self.id, defaults=seen)

    def end(self) -> None:
        """Be gone. What is still running counts as lost from now on."""
        TaskWorker.objects.filter(pk=self.id).delete()
        self._unlock()

    def _unlock(self) -> None:
        _lock_file(self.id).unlink(missing_ok=True)
        os.close(self._lock)


def living_workers(now: datetime | None = None) -> set[str]:
    """The ids of the workers that are there."""
    since = (now or timezone.now()) - DEAD_AFTER
    seen = TaskWorker.objects.filter(seen_at__gt=since).values_list("pk", flat=True)
    return {one for one in seen if not _is_known_dead(one)}


def forget_dead_workers(living: set[str]) -> None:
    """Remove what all workers but the `living` have left behind."""
    dead = TaskWorker.objects.exclude(pk__in=living)
    for worker in dead.values_list("pk", flat=True):
        dead.filter(pk=worker).delete()
        with suppress(OSError):
            _lock_file(worker).unlink(missing_ok=True)


def _is_known_dead(worker: str) -> bool:
    """Whether it was a process of this machine. False for those of others: nothing is known."""
    try:
        file = os.open(_lock_file(worker), os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        flock(file, LOCK_EX | LOCK_NB)
    except OSError:
        return False
    else:
        return True
    finally:
        os.close(file)


def _lock_file(worker: str) -> Path:
    return Path(settings.DATA_DIR) / f"worker-{worker}.lock"
