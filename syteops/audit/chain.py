"""The audit trail as a chain: what was altered, removed, inserted or swapped is found.

Each entry carries a MAC over its own content, made in the transaction of the change. After the
commit, entries are sealed in order, in batches: a seal is a MAC over the seal before, the entry's
place and its MAC. So writers never wait for each other, and what is not yet sealed can be counted
and still proves its content. `AuditChain` keeps the end of the chain, signed, so that a cut tail
is found too. HMAC-SHA256 (RFC 2104) under AUDIT_KEY throughout.

Whoever restores an older copy of the whole database restores a chain that fits: keep the head that
`manage.py verify_audit` prints somewhere else, and pass it back with `--head` to notice.
"""

import hmac
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson
from django.conf import settings
from django.db import DatabaseError, connection, transaction

from syteops.audit.models import AuditChain, AuditEntry
from syteops.lib.locks import snapshot, try_transaction_lock

CONTENT = (
    "at", "outcome", "actor_kind", "actor_id", "actor_label", "door", "operation", "event",
    "object_resource", "object_id", "object_pk", "object_label", "changes", "code", "request_id",
    "address", "uid",
)  # fmt: skip
BATCH = 500
ROUNDS = 200


def mac_of(entry: AuditEntry) -> str:
    """The MAC over everything an entry says."""
    changes = AuditEntry._meta.get_field("changes").get_prep_value(entry.changes)
    return _mac_of_values([changes if n == "changes" else getattr(entry, n) for n in CONTENT])


def _mac_of_values(values: Sequence[Any]) -> str:
    """Of the columns of CONTENT; `changes` is the stored text, byte for byte."""
    return _sign(b"entry", orjson.dumps([_plain(value) for value in values]))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        # SQLite keeps times in UTC and does not say so.
        value = value if value.tzinfo else value.replace(tzinfo=UTC)
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return str(value) if isinstance(value, uuid.UUID) else value


def _seal_of(before: str, sequence: int, entry_id: int, mac: str) -> str:
    return _sign(b"seal", f"{before}:{sequence}:{entry_id}:{mac}".encode())


def _sign(purpose: bytes, content: bytes) -> str:
    return hmac.digest(settings.AUDIT_KEY.encode(), purpose + b"\0" + content, "sha256").hex()


def _chain_mac(chain: AuditChain) -> str:
    cut_at = chain.cut_at and _plain(chain.cut_at)
    parts = [chain.head_sequence, chain.head_seal, chain.cut_sequence, chain.cut_seal, cut_at]
    return _sign(b"chain", orjson.dumps(parts))


# --- Sealing -------------------------------------------------------------------------------


def seal_pending() -> int:
    """Seal what has been committed and is not sealed yet; how many that were.

    Never waits: if another process is at it, that one (or the next write) will take the rest. And
    never stays for ever behind busy writers: they seal for themselves.
    """
    sealed = 0
    for _ in range(ROUNDS):
        if not AuditEntry.objects.filter(sequence=None).exists():
            break
        count = _seal_batch()
        if not count:
            break
        sealed += count
    return sealed


@transaction.atomic
def _seal_batch() -> int:
    if not try_transaction_lock("audit_chain"):
        return 0
    chain = locked_chain()
    waiting = AuditEntry.objects.filter(sequence=None).order_by("id").values_list("id", "mac")
    seals = []
    for entry_id, mac in waiting[:BATCH]:
        chain.head_sequence += 1
        chain.head_seal = _seal_of(chain.head_seal, chain.head_sequence, entry_id, mac)
        seals.append((chain.head_sequence, chain.head_seal, entry_id))
    with connection.cursor() as cursor:
        # One by one: as a single statement it takes ten times as long.
        cursor.executemany(_SEAL, seals)
    save_chain(chain)
    return len(seals)


_TABLE = AuditEntry._meta.db_table
_SEAL = f"UPDATE {_TABLE} SET sequence = %s, seal = %s WHERE id = %s"  # noqa: S608 - our own name


def locked_chain() -> AuditChain:
    """The end of the chain, locked until the transaction ends."""
    chain, _ = AuditChain.objects.select_for_update().get_or_create(pk=1)
    return chain


def save_chain(chain: AuditChain) -> None:
    """Store the chain's ends, signed."""
    chain.mac = _chain_mac(chain)
    chain.save()


# --- Verifying -----------------------------------------------------------------------------


class Report(NamedTuple):
    """What a verification found: nothing (`problem` is ""), or the first thing that is wrong."""

    sealed: int
    unsealed: int
    head: str
    problem: str


class _Broken(Exception):
    pass


def verify(expected_head: str = "") -> Report:
    """Check every entry and the chain. `expected_head` is one printed earlier, to be contained.

    Of its seal the first characters are enough.

    Looks at one moment of the trail, while others go on writing, and keeps none of it in memory.
    """
    sealed = unsealed = 0
    problem = ""
    with snapshot():
        chain = AuditChain.objects.filter(pk=1).first() or AuditChain(mac="")
        try:
            sealed = _verify_sealed(chain, expected_head)
            unsealed = _verify_unsealed()
        except _Broken as broken:
            problem = str(broken)
    return Report(sealed, unsealed, f"{chain.head_sequence}:{chain.head_seal}", problem)


def _verify_sealed(chain: AuditChain, expected_head: str) -> int:
    if (chain.head_sequence or chain.mac) and chain.mac != _chain_mac(chain):
        raise _Broken("The record of the chain's end was altered.")
    sequence, seal = chain.cut_sequence, chain.cut_seal
    wanted_at, _, wanted_seal = expected_head.partition(":")
    for entry_id, mac, found_sequence, found_seal, *values in _rows(sealed=True):
        sequence += 1
        if found_sequence != sequence:
            raise _Broken(f"Entry {sequence} of the chain is missing (before entry id {entry_id}).")
        seal = _seal_of(seal, sequence, entry_id, mac)
        if found_seal != seal or not _is_genuine(mac, values):
            raise _Broken(f"Entry id {entry_id} (number {sequence}) was altered or moved.")
        if wanted_at == str(sequence) and not seal.startswith(wanted_seal):
            raise _Broken(f"Number {sequence} is not the entry it was: the trail was replaced.")
    if (sequence, seal) != (chain.head_sequence, chain.head_seal):
        raise _Broken(f"The newest entries, from number {sequence + 1} on, are missing.")
    if wanted_at and int(wanted_at) > sequence:
        raise _Broken(f"The trail once reached number {wanted_at} and now ends at {sequence}.")
    return sequence - chain.cut_sequence


def _verify_unsealed() -> int:
    count = 0
    for entry_id, mac, _, seal, *values in _rows(sealed=False):
        if seal or not _is_genuine(mac, values):
            raise _Broken(f"Entry id {entry_id}, not yet sealed, was altered or inserted.")
        count += 1
    return count


def _is_genuine(mac: str, values: list[Any]) -> bool:
    try:
        return mac == _mac_of_values(values)
    except TypeError:  # no text, number or time at all
        return False


_COLUMNS = ("id", "mac", "sequence", "seal", *CONTENT)


def _rows(sealed: bool) -> Iterator[list[Any]]:
    """The columns of each entry as they are stored, in the order of the chain (or else of ids).

    Read past the models: an altered value must not be tidied up, nor fail to load.
    """
    found = AuditEntry.objects.filter(sequence__isnull=not sealed)
    query = found.order_by("sequence" if sealed else "id").values_list(*_COLUMNS).query
    uid = _COLUMNS.index("uid")
    last = 0
    with connection.chunked_cursor() as cursor:
        cursor.execute(*query.sql_with_params())
        try:
            while rows := cursor.fetchmany(ROWS_AT_ONCE):
                for row in map(list, rows):
                    row[uid] = _uuid_text(row[uid])
                    yield row
                    last = row[0]
        except (DatabaseError, ValueError) as error:
            raise _Broken(f"An entry soon after id {last} cannot be read: {error}") from error


ROWS_AT_ONCE = 2000


def _uuid_text(value: Any) -> Any:
    """A UUID in the form of `_plain`; SQLite keeps the digits only."""
    if not isinstance(value, str):
        return value
    return f"{value[:8]}-{value[8:12]}-{value[12:16]}-{value[16:20]}-{value[20:]}"


# --- Retention -----------------------------------------------------------------------------


@transaction.atomic
def cut_before(moment: datetime) -> int:
    """Remove the sealed entries older than `moment`, from the oldest end only; how many.

    The cut is signed, so that `verify` accepts it and nothing else.
    """
    chain = locked_chain()
    sealed = AuditEntry.objects.exclude(sequence=None).order_by("sequence")
    first_kept = sealed.filter(at__gte=moment).first()
    last = sealed.filter(sequence__lt=first_kept.sequence) if first_kept else sealed
    newest = last.last()
    if newest is None or newest.sequence is None:
        return 0
    chain.cut_sequence, chain.cut_seal, chain.cut_at = newest.sequence, newest.seal, moment
    save_chain(chain)
    return AuditEntry.objects.filter(sequence__lte=newest.sequence).delete()[0]
