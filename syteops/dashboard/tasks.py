"""What became of the work that the server does by itself."""

import logging
from datetime import timedelta

from django.db import DEFAULT_DB_ALIAS, connection, connections, transaction
from django.utils import timezone

from syteops.core.rows import put_row
from syteops.core.written import tells_of_life
from syteops.dashboard.models import TaskState

log = logging.getLogger(__name__)

_PROOF = "write"


def note_success(name: str) -> None:
    """The task was done. Costs a write only if it had failed before."""
    failing = TaskState.objects.filter(name=name, failing_since__isnull=False)
    failing.update(failing_since=None, finished_at=timezone.now())


def note_failure(name: str) -> None:
    """The task failed; since when is kept from the first time on."""
    TaskState.objects.get_or_create(name=name)
    TaskState.objects.filter(name=name, failing_since=None).update(failing_since=timezone.now())


def failing_tasks() -> list[TaskState]:
    """The tasks that failed the last time, the one that has done so longest first."""
    return list(TaskState.objects.filter(failing_since__isnull=False).order_by("failing_since"))


CLOCK = "clock"
LEAP, STEADY = timedelta(days=7), timedelta(days=1)


def look_at_clock() -> None:
    """Fail as CLOCK while the clock has gone by more than LEAP since the hour before, or back, less
    than STEADY ago. A site that was away for so long is like one whose clock was wrong.

    So is one of whose machines one is wrong: they take turns.
    """
    now, own = timezone.now(), TaskState.objects.filter(name=CLOCK)
    clock, _ = TaskState.objects.get_or_create(name=CLOCK, defaults={"finished_at": now})
    before, since = clock.finished_at or now, clock.failing_since
    if abs(now - before) > LEAP:
        log.error("The clock leapt from %s to %s: for a day nothing is old or due.", before, now)
        since = now
    elif since and now - since > STEADY:
        since = None
    own.update(finished_at=now, failing_since=since)


def is_failing(name: str) -> bool:
    """Whether that task failed the last time."""
    return TaskState.objects.filter(name=name, failing_since__isnull=False).exists()


tells_of_life(TaskState, f"name = '{_PROOF}'")


def prove_write() -> None:
    """Write something, so that a database that cannot be written raises DatabaseError."""
    put_row(TaskState(name=_PROOF, finished_at=timezone.now()))


def prove_writable() -> None:
    """As `prove_write`, and that there is room for more; but on SQLite nothing is written.

    There a commit would end what every process keeps of answers. SQLite tells by its file; whether
    the disk has room for it is for the caller to prove.
    """
    if connection.vendor != "sqlite":
        prove_write()
        prove_room()
        return
    with transaction.atomic(), connection.cursor() as cursor:
        # Refused like any write, and unlike a row not counted among what this connection changed.
        cursor.execute("PRAGMA user_version = 1")
        transaction.set_rollback(True)


_ROWS_OF_ROOM = 10_000
"""That many numbers take some 150 kB, and PostgreSQL a millisecond."""


def prove_room(alias: str = DEFAULT_DB_ALIAS) -> None:
    """Raises DatabaseError where PostgreSQL's disk is full, though one row more may fit in a page.

    What is too large for the memory that a statement may use is put on that disk, in a file that
    ends with the statement. So no table grows by it, and no transaction counts as one that writes.
    """
    with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
        cursor.execute(
            "SELECT set_config('work_mem', '64kB', TRUE), set_config('temp_tablespaces', '', TRUE)"
        )
        cursor.execute("SELECT count(*) FROM generate_series(1, %s)", [_ROWS_OF_ROOM])
