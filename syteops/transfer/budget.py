"""How many rows of one person are tried and stored in a while.

For each of them others who write wait, on SQLite; and to read a file takes a process for a second.
Calls of the API are counted for the same reason. And how many files of one person are kept, with
which a script could fill the disk.
"""

from collections.abc import Callable, Iterator, Sequence
from time import monotonic
from typing import Any, TypeVar

from syteops.core.counters import CounterKind, counters, seconds_left
from syteops.core.errors import LimitReached
from syteops.core.long_writes import while_others_wait
from syteops.tasks.queries import under_way_about
from syteops.transfer.models import Download, Import

WINDOW = 300
"""Seconds."""
MOST = 20_000
"""Rows in that time: five of the largest files, tried and stored."""
PER_FILE = 250
"""What reading a file costs, whatever is in it."""

A_ROW = 0.005
"""Seconds that a row takes: one that takes longer, such as a note with 200 action items, counts for
as many."""

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


Row = TypeVar("Row")
Tell = Callable[[int, int], object]
"""Told how many rows of how many are done."""


def in_turn(rows: Sequence[Row], user: Any, tell: Tell) -> Iterator[Row]:
    """The rows, to be carried out for that person in one transaction, whose `spend` has counted
    them: what they take beyond A_ROW each is counted here.

    Raises LimitReached when they keep others who write waiting for too long.
    """
    began, total = monotonic(), len(rows)
    try:
        for done, row in enumerate(while_others_wait(rows)):
            tell(done, total)
            yield row
    finally:
        further = int((monotonic() - began) / A_ROW) - total
        if further > 0:
            counters().add(CounterKind.ROWS_OF_PERSON, str(user.pk), WINDOW, further)
