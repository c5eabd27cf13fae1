"""Is the audit trail whole? Every entry, and the chain of them, against what was signed.

Reads past the models: an altered value must not be tidied up, nor fail to load.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, NamedTuple

import orjson
from django.db import DatabaseError, connection
from django.db.models import Count, QuerySet, TextField
from django.db.models.functions import Cast

from syteops.audit.chain import CONTENT, BrokenChain, intact, mac_of_values, seal_of
from syteops.audit.heads import require_kept_head
from syteops.audit.models import AuditChain, AuditEntry
from syteops.core.events import Noun, Verb
from syteops.core.folding import folded_fields
from syteops.core.locks import snapshot


class Report(NamedTuple):
    """What a verification found: nothing (`problem` is ""), or the first thing that is wrong."""

    sealed: int
    unsealed: int
    head: str
    problem: str


def verify(expected_head: str = "") -> Report:
    """Check every entry and the chain. `expected_head` is one printed earlier, to be contained.

    Of its seal the first characters are enough. So must be the head that is kept here.

    Looks at one moment of the trail, while others go on writing, and keeps none of it in memory.
    """
    sealed = unsealed = 0
    problem = ""
    with snapshot():
        found = AuditChain.objects.first()
        try:
            chain = intact(found)
            erased = erased_macs()
            sealed = _verify_sealed(chain, expected_head, erased)
            require_kept_head(chain)
            unsealed = _verify_unsealed(chain, erased)
            _refuse_copies()
        except BrokenChain as broken:
            problem = str(broken)
    head = f"{found.head_sequence}:{found.head_seal}" if found else ""
    return Report(sealed, unsealed, head, problem)


ERASURE = "entries"
"""Under which an entry `audit.erased` lists the entries that lost their values, with their MACs."""


def erased_macs() -> dict[int, str]:
    """The MACs of the entries that lost their values, as signed entries tell; the latest counts.

    That those are in their places is for the verification of the whole to find.
    """
    found: dict[int, str] = {}
    told = AuditEntry.objects.filter(event=f"{Noun.AUDIT}.{Verb.ERASED}")
    for _, mac, _, _, *values in _rows(told.order_by("id")):
        if _is_genuine(mac, values):
            found |= dict(orjson.loads(values[_CHANGES])[ERASURE]["after"])
    return found


def _verify_sealed(chain: AuditChain, expected_head: str, erased: Mapping[int, str]) -> int:
    sequence, seal = chain.cut_sequence, chain.cut_seal
    wanted_at, _, wanted_seal = expected_head.partition(":")
    sealed = AuditEntry.objects.exclude(sequence=None).order_by("sequence")
    for entry_id, mac, found_sequence, found_seal, *values in _rows(sealed):
        sequence += 1
        if found_sequence != sequence:
            raise BrokenChain(
                f"Entry {sequence} of the chain is missing (before entry id {entry_id})."
            )
        seal = seal_of(seal, sequence, entry_id, mac)
        if found_seal != seal or not _is_genuine(erased.get(entry_id, mac), values):
            raise BrokenChain(f"Entry id {entry_id} (number {sequence}) was altered or moved.")
        if wanted_at == str(sequence) and not seal.startswith(wanted_seal):
            raise BrokenChain(f"Number {sequence} is not the entry it was: the trail was replaced.")
    if (sequence, seal) != (chain.head_sequence, chain.head_seal):
        raise BrokenChain(f"The newest entries, from number {sequence + 1} on, are missing.")
    if wanted_at and int(wanted_at) > sequence:
        raise BrokenChain(f"The trail once reached number {wanted_at} and now ends at {sequence}.")
    return sequence - chain.cut_sequence


def _verify_unsealed(chain: AuditChain, erased: Mapping[int, str]) -> int:
    count = 0
    unsealed = AuditEntry.objects.filter(sequence=None).order_by("id")
    for entry_id, mac, _, seal, *values in _rows(unsealed):
        if seal or not _is_genuine(erased.get(entry_id, mac), values):
            raise BrokenChain(f"Entry id {entry_id}, not yet sealed, was altered or inserted.")
        if chain.cut_at and values[_AT] < chain.cut_at:
            raise BrokenChain(f"Entry id {entry_id} is older than those that were cut off.")
        count += 1
    return count


def _refuse_copies() -> None:
    """A copy of a genuine entry is as genuine, and the column that forbids it may be altered."""
    counted = AuditEntry.objects.order_by().values("uid").annotate(count=Count("pk"))
    if counted.filter(count__gt=1).exists():
        raise BrokenChain("An entry is there twice.")


_AT, _CHANGES = CONTENT.index("at"), CONTENT.index("changes")


def _is_genuine(mac: str, values: list[Any]) -> bool:
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


def _rows(entries: QuerySet[AuditEntry]) -> Iterator[list[Any]]:
    """The columns of each entry as they are stored."""
    query = entries.values_list(*(_as_stored(name) for name in _COLUMNS)).query
    at, uid = _COLUMNS.index("at"), _COLUMNS.index("uid")
    last = 0
    with connection.chunked_cursor() as cursor:
        cursor.execute(*query.sql_with_params())
        try:
            while rows := cursor.fetchmany(ROWS_AT_ONCE):
                for row in map(list, rows):
                    row[at], row[uid] = _time(row[at]), _uuid_text(row[uid])
                    yield row
                    last = row[0]
        except (DatabaseError, ValueError) as error:
            raise BrokenChain(f"An entry soon after id {last} cannot be read: {error}") from error


ROWS_AT_ONCE = 2000


def _as_stored(name: str) -> Any:
    """SQLite keeps times as text, and would not tell one spelling from another."""
    if name == "at" and connection.vendor == "sqlite":
        return Cast("at", TextField())
    return name


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
