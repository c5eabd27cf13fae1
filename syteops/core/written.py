"""Whether anything at all was written to the database since an earlier moment, by anybody.

The database itself tells, in a query that is made anyway. So no write can forget to, whatever
door, process, or program it comes from.
"""

import time
from typing import Any, NamedTuple

from django.db import DEFAULT_DB_ALIAS, connection, connections

_QUARTER = 15 * 60

_COLUMN = {
    # Moves with every commit of another connection; its own are counted in `total_changes`.
    "sqlite": "(SELECT data_version FROM pragma_data_version)",
    # Which transactions can be seen: it moves with the end of each that has written.
    "postgresql": "pg_current_snapshot()::text",
}


class State(NamedTuple):
    """What the database was like, and when: some answers depend on the day.

    A quarter of an hour in UTC lies within one day, in whatever time zone.

    Two that are equal have nothing written between them. They hold for one connection: another
    one counts on its own.
    """

    connection: Any
    seen: int | str
    own_writes: int
    quarter: int


def state_column() -> str:
    """SQL for a column that `state_from` takes."""
    return _COLUMN[connection.vendor]


def state_from(column: int | str) -> State | None:
    """The state in which that column was read. Read what depends on it after this.

    None inside a transaction: what this sees there may be rolled back.
    """
    database = connections[DEFAULT_DB_ALIAS]  # the proxy would look it up for each attribute
    if database.in_atomic_block:
        return None
    raw = database.connection
    own_writes = raw.total_changes if database.vendor == "sqlite" else 0
    return State(raw, column, own_writes, int(time.time()) // _QUARTER)
