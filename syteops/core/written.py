"""Whether anything at all was written to the database since an earlier moment, by anybody.

The database itself tells, in a query that is made anyway. So no write can forget to, whatever
door, process, or program it comes from.
"""

import time
from typing import Any, NamedTuple

from django.db import DEFAULT_DB_ALIAS, connection, connections, models

_QUARTER = 15 * 60

# Moves with every commit of another connection; its own are counted in `total_changes`.
_SQLITE = "(SELECT data_version FROM pragma_data_version)"
# Which transactions can be seen: it moves with the end of each that has written.
_POSTGRESQL = "pg_current_snapshot()::text || ':'"

_MOST_ENDED = 64
"""So many transactions that have ended are looked at one by one."""

_signs_of_life: list[str] = []


def tells_of_life(model: type[models.Model], where: str = "TRUE") -> None:
    """Let rows of that table, by an SQL condition, say that something is alive, and no more.

    No answer that is kept may depend on them. On PostgreSQL, a transaction that writes such a row,
    without a savepoint, and nothing else is as if nothing was written. On SQLite it is a write.
    """
    table = model._meta.db_table
    _signs_of_life.append(f"SELECT xmin FROM {table} WHERE {where}")  # noqa: S608 - our own


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
    if connection.vendor == "sqlite":
        return _SQLITE
    if not _signs_of_life:
        return _POSTGRESQL
    writers = " UNION ALL ".join(_signs_of_life)
    # Of each row, which transaction has written it.
    return f"{_POSTGRESQL} || (SELECT coalesce(string_agg(xmin::text, ','), '') FROM ({writers}) w)"  # noqa: S608


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


def is_unchanged(before: State, now: State) -> bool:
    """Whether nothing was written from `before` to `now` that anybody reads."""
    if before == now:
        return True
    if not isinstance(now.seen, str) or before._replace(seen=now.seen) != now:
        return False
    *_, writers = now.seen.split(":")
    ended = _ended(str(before.seen), now.seen)
    # What a row tells of its writer has 32 bits.
    return ended is not None and {str(one % 2**32) for one in ended} <= {*writers.split(",")}


def _ended(before: str, now: str) -> set[int] | None:
    """The transactions that have ended between two snapshots; None for very many."""
    _, end_before, running_before, _ = before.split(":")
    _, end, running, _ = now.split(":")
    if int(end) - int(end_before) > _MOST_ENDED:
        return None
    begun = {*range(int(end_before), int(end))} | _numbers(running_before)
    return begun - _numbers(running)


def _numbers(text: str) -> set[int]:
    return {int(one) for one in text.split(",") if one}
