"""Which key reads which variable, and when last, without making a read a write.

The way of the data: each read that is answered, from the database, from what is kept or with a 304,
is noted in this process's memory. Once a minute each server process adds what it has noted to one
row for each key and name (`VariableRead`); an export of everything is one row, not thousands.
`lineage` joins the rows with the keys and with what is pushed when somebody asks.

What was noted since the last minute is lost when a process is killed.
"""

import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from time import time

from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from syteops.automation.models import VariableRead
from syteops.core.removing import remove

INTERVAL = timedelta(minutes=1)
KEPT = timedelta(days=400)
"""What has not been read for so long has no reader; a workflow that runs once a year is seen."""
MOST = 20_000
"""Pairs of key and name that a process remembers; further ones are lost until it has written."""
EVERYTHING = ""
"""The name under which an export is noted."""
_BATCH = 500

Noted = tuple[int, float]
"""How many reads, and the time (since 1970) of the last one."""
Pair = tuple[str, str]
"""A key's public id and a variable's full name."""

_lock = threading.Lock()
_noted: dict[Pair, Noted] = {}


def note(key_id: str, name: str) -> None:
    """Note one read by a key, of a variable that there is or of `EVERYTHING`. Takes no query."""
    _add({(key_id, name): (1, time())})


def flush() -> None:
    """Write what was noted. What cannot be written counts the next time."""
    with _lock:
        taken = sorted(_noted.items())  # one order for all processes: no two wait for each other
        _noted.clear()
    for start in range(0, len(taken), _BATCH):
        try:
            _write(taken[start : start + _BATCH])
        except DatabaseError:
            _add(dict(taken[start:]))
            raise


def forget_old_reads() -> None:
    """Remove what is too long ago."""
    remove(VariableRead.objects.filter(last_read_at__lt=timezone.now() - KEPT))


def _add(reads: Mapping[Pair, Noted]) -> None:
    with _lock:
        for pair, (count, at) in reads.items():
            known = _noted.get(pair)
            if known:
                _noted[pair] = known[0] + count, max(known[1], at)
            elif len(_noted) < MOST:
                _noted[pair] = count, at


@transaction.atomic
def _write(reads: Sequence[tuple[Pair, Noted]]) -> None:
    adapt = connection.ops.adapt_datetimefield_value
    moments = (datetime.fromtimestamp(at, UTC) for _, (_, at) in reads)
    rows = [
        (key_id, name, count, adapt(moment))
        for ((key_id, name), (count, _)), moment in zip(reads, moments, strict=True)
    ]
    with connection.cursor() as cursor:
        cursor.executemany(_ADD, rows)


# By hand: Django's own upsert replaces, and other processes' reads would not count.
_ADD = """
INSERT INTO automation_variableread AS known (key_id, name, reads, last_read_at)
VALUES (%s, %s, %s, %s)
ON CONFLICT (name, key_id) DO UPDATE SET
    reads = known.reads + excluded.reads,
    last_read_at = CASE WHEN excluded.last_read_at > known.last_read_at
        THEN excluded.last_read_at ELSE known.last_read_at END
"""
