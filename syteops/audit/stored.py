"""Entries as they are stored, against what was signed.

Reads past the models: an altered value must not be tidied up, nor fail to load.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, NamedTuple

import orjson
from django.db import DatabaseError, connection
from django.db.models import Count, Func, QuerySet, TextField

from syteops.audit.chain import (
    CONTENT,
    BrokenChain,
    TrailBroken,
    mac_of,
    mac_of_values,
    seal_of,
)
from syteops.audit.models import AuditChain, AuditEntry
from syteops.core.events import Noun, Verb
from syteops.core.folding import folded_fields

ERASURE = "entries"
"""Under which an entry `audit.erased` lists the entries that lost their values, with their MACs."""


def erased_macs() -> dict[int, str]:
    """The MACs of the entries that lost their values, as signed entries tell; the latest counts.

    That those are in their places is for the verification of the whole to find.
    """
    found: dict[int, str] = {}
    told = AuditEntry.objects.filter(event=f"{Noun.AUDIT}.{Verb.ERASED}")
    for _, mac, _, _, *values in rows(told.order_by("id")):
        if is_genuine(mac, values):
            found |= dict(orjson.loads(values[_CHANGES])[ERASURE]["after"])
    return found


def require_genuine(entry: AuditEntry) -> None:
    """Raises TrailBroken unless the entry says what was signed; an erased one, what may be left."""
    if mac_of(entry) != erased_macs().get(entry.pk, entry.mac):
        raise TrailBroken


class Link(NamedTuple):
    """A sealed entry that is what was signed, and in its place."""

    sequence: int
    seal: str
    at: datetime


def walk(
    sequence: int, seal: str, entries: QuerySet[AuditEntry], erased: Mapping[int, str]
) -> Iterator[Link]:
    """The sealed `entries` in order, which begin behind the one of that number and seal.

    Raises BrokenChain at the first that is missing, altered or moved, or that got the id of a time
    before: it would be shown among older ones.
    """
    highest, its_time = 0, datetime.max.replace(tzinfo=UTC)
    for entry_id, mac, found_sequence, found_seal, *values in rows(entries.order_by("sequence")):
        sequence += 1
        if found_sequence != sequence:
            raise BrokenChain(
                f"Entry {sequence} of the chain is missing (before entry id {entry_id})."
            )
        seal = seal_of(seal, sequence, entry_id, mac)
        if found_seal != seal or not is_genuine(erased.get(entry_id, mac), values):
            raise BrokenChain(f"Entry id {entry_id} (number {sequence}) was altered or moved.")
        at = values[AT]
        if entry_id > highest:
            highest, its_time = entry_id, at
        elif at - its_time > _LATEST:
            raise BrokenChain(f"Entry id {entry_id} (number {sequence}) is among older ones.")
        yield Link(sequence, seal, at)


_LATEST = timedelta(days=1)
"""What has the lower id and is sealed later was begun before, or in the same moment. So much later
no two clocks of a site differ that are wrong, and one that goes back moves nobody.
"""


def require_end(chain: AuditChain, sequence: int, seal: str) -> None:
    """Raises BrokenChain unless the chain ends with the entry of that number and seal."""
    if (sequence, seal) != (chain.head_sequence, chain.head_seal):
        raise BrokenChain(f"The newest entries, from number {sequence + 1} on, are missing.")


def refuse_copies(entries: QuerySet[AuditEntry]) -> None:
    """Raises BrokenChain where one of the entries is there twice.

    A copy of a genuine entry is as genuine, and the column that forbids it may be altered.
    """
    counted = entries.order_by().values("uid").annotate(count=Count("pk"))
    if counted.filter(count__gt=1).exists():
        raise BrokenChain("An entry is there twice.")


AT, _CHANGES = CONTENT.index("at"), CONTENT.index("changes")


def is_genuine(mac: str, values: list[Any]) -> bool:
    """Whether an entry's values are those of its MAC, and it can be found by them."""
    try:
        content, folded = values[: len(CONTENT)], values[len(CONTENT) :]
        return mac == mac_of_values(content) and folded == _fold(content)
    except TypeError:  # no text, number or time at all
        return False


def _fold(content: list[Any]) -> list[str]:
    """What the trail is searched and ordered by: an entry whose content is genuine can be found."""
    entry = SimpleNamespace(**dict(zip(CONTENT, content, strict=True)))
    return [field.text_of(entry) for field in _FOLDED]


_FOLDED = folded_fields(AuditEntry)
_COLUMNS = ("id", "mac", "sequence", "seal", *CONTENT, *(field.name for field in _FOLDED))


def rows(entries: QuerySet[AuditEntry]) -> Iterator[list[Any]]:
    """The columns of each entry as they are stored."""
    query = entries.values_list(*(_as_stored(name) for name in _COLUMNS)).query
    at, uid = _COLUMNS.index("at"), _COLUMNS.index("uid")
    last = 0
    with connection.chunked_cursor() as cursor:
        cursor.execute(*query.sql_with_params())
        try:
            while some := cursor.fetchmany(ROWS_AT_ONCE):
                for row in map(list, some):
                    if type(row[0]) is not int:
                        raise ValueError(f"{row[0]!r} is no id.")
                    row[at], row[uid] = _time(row[at]), _uuid_text(row[uid])
                    yield row
                    last = row[0]
        except (DatabaseError, TypeError, ValueError) as error:
            raise BrokenChain(f"An entry soon after id {last} cannot be read: {error}") from error


ROWS_AT_ONCE = 2000


def _as_stored(name: str) -> Any:
    """SQLite keeps times as text, and would not tell one spelling from another."""
    return _Unconverted("at") if name == "at" and connection.vendor == "sqlite" else name


class _Unconverted(Func):
    """A column of SQLite as it is, bytes as well: an expression has no type to be converted to."""

    arity = 1
    template = "+%(expressions)s"
    output_field = TextField()


def _time(value: Any) -> datetime:
    """A time as it was stored. Raises ValueError if that is not how Django writes it to SQLite."""
    if isinstance(value, datetime):
        return value
    found = datetime.fromisoformat(value)
    if found.tzinfo or str(found) != value:
        raise ValueError(f"{value!r} is not how a time is written.")
    return found.replace(tzinfo=UTC)


def _uuid_text(value: Any) -> Any:
    """A UUID in the form of `_plain`; SQLite keeps the digits only."""
    if not isinstance(value, str):
        return value
    return f"{value[:8]}-{value[8:12]}-{value[12:16]}-{value[16:20]}-{value[20:]}"
