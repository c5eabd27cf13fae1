"""How many rows of one person are tried and stored in a while.

For each of them others who write wait, on SQLite; and to read a file takes a process for a second.
Calls of the API are counted for the same reason. And how many files of one person are kept, with
which a script could fill the disk.
"""

from typing import Any

from syteops.core.counters import CounterKind, counters, seconds_left
from syteops.core.errors import LimitReached
from syteops.tasks.queries import under_way_about
from syteops.transfer.models import Download, Import

WINDOW = 300
"""Seconds."""
MOST = 20_000
"""Rows in that time: five of the largest files, tried and stored."""
PER_FILE = 250
"""What reading a file costs, whatever is in it."""

MOST_KEPT = 10
"""Files of one person that were uploaded, or are to be fetched: some have a hundred megabytes."""


def keep_latest(model: type[Import] | type[Download], user: Any) -> None:
    """Delete that person's files beyond the latest MOST_KEPT. Call it where one is added.

    None of which a task waits to be done: it was asked for. Raises LimitReached for more of these.
    """
    mine = model._default_manager.filter(person=user).order_by("-begun_at", "pk")
    keys = list(mine.values_list("pk", flat=True))
    awaited = under_way_about(map(str, keys))
    if len(awaited) >= MOST_KEPT:
        raise LimitReached(
            f"{MOST_KEPT} of your files wait to be worked through. Wait until one is done.",
            limit=MOST_KEPT,
        )
    older = [key for key in keys if str(key) not in awaited][MOST_KEPT:]
    model._default_manager.filter(pk__in=older).delete()


def spend(user: Any, rows: int) -> None:
    """Count so many rows of that person. Raises LimitReached when they are more than MOST."""
    if counters().add(CounterKind.ROWS_OF_PERSON, str(user.pk), WINDOW, rows) <= MOST:
        return
    minutes = -(-seconds_left(WINDOW) // 60)
    raise LimitReached(
        f"You have had {MOST:,} rows looked through or stored within {WINDOW // 60} minutes, and "
        f"others want to work, too. Go on in {minutes} min.",
        limit=MOST,
    )
