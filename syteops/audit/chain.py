"""The audit trail as a chain: what was altered, removed, inserted or swapped is found.

Each entry carries a MAC over its own content, made in the transaction of the change. After the
commit, entries are sealed in order, in batches: a seal is a MAC over the seal before, the entry's
place and its MAC. So writers never wait for each other, and what is not yet sealed can be counted
and still proves its content. `AuditChain` keeps the end of the chain, signed, so that a cut tail
is found too. HMAC-SHA256 (RFC 2104) under AUDIT_KEY throughout.

Whoever restores an older copy of the whole database restores a chain that fits: keep the head that
`manage.py verify_audit` prints somewhere else, and pass it back with `--head` to notice.
"""

import hashlib
import hmac
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson
from django.conf import settings
from django.db import transaction

from syteops.audit.models import AuditChain, AuditEntry
from syteops.lib.locks import try_transaction_lock

CONTENT = (
    "at", "outcome", "actor_kind", "actor_id", "actor_label", "door", "operation", "event",
    "object_resource", "object_id", "object_label", "changes", "code", "request_id", "address",
    "uid",
)  # fmt: skip
BATCH = 500


def mac_of(entry: AuditEntry) -> str:
    """The MAC over everything an entry says."""
    return _mac_of_values([getattr(entry, name) for name in CONTENT])


def _mac_of_values(values: list[Any]) -> str:
    return _sign(b"entry", orjson.dumps([_plain(v) for v in values], option=orjson.OPT_SORT_KEYS))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return str(value) if isinstance(value, uuid.UUID) else value


def _seal_of(before: str, sequence: int, entry_id: int, mac: str) -> str:
    return _sign(b"seal", f"{before}:{sequence}:{entry_id}:{mac}".encode())


def _sign(purpose: bytes, content: bytes) -> str:
    key = settings.AUDIT_KEY.encode()
    return hmac.new(key, purpose + b"\0" + content, hashlib.sha256).hexdigest()


def _chain_mac(chain: AuditChain) -> str:
    cut_at = chain.cut_at and _plain(chain.cut_at)
    parts = [chain.head_sequence, chain.head_seal, chain.cut_sequence, chain.cut_seal, cut_at]
    return _sign(b"chain", orjson.dumps(parts))


# --- Sealing -------------------------------------------------------------------------------


def seal_pending() -> int:
    """Seal what has been committed and is not sealed yet; how many that were.

    Never waits: if another process is at it, that one (or the next write) will take the rest.
    """
    sealed = 0
    while AuditEntry.objects.filter(sequence=None).exists():
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
    entries = list(AuditEntry.objects.filter(sequence=None).order_by("id")[:BATCH])
    for entry in entries:
        chain.head_sequence += 1
        entry.sequence = chain.head_sequence
        entry.seal = chain.head_seal = _seal_of(
            chain.head_seal, entry.sequence, entry.pk, entry.mac
        )
    AuditEntry.objects.bulk_update(entries, ["sequence", "seal"])
    save_chain(chain)
    return len(entries)


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
    """Check every entry and the chain. `expected_head` is one printed earlier, to be contained."""
    chain = AuditChain.objects.filter(pk=1).first() or AuditChain(mac="")
    sealed = unsealed = 0
    problem = ""
    try:
        sealed = _verify_chain(chain, expected_head)
        unsealed = _verify_unsealed()
    except _Broken as broken:
        problem = str(broken)
    return Report(sealed, unsealed, f"{chain.head_sequence}:{chain.head_seal}", problem)


def _verify_chain(chain: AuditChain, expected_head: str) -> int:
    if (chain.head_sequence or chain.mac) and not _same(chain.mac, _chain_mac(chain)):
        raise _Broken("The record of the chain's end was altered.")
    sequence, seal = chain.cut_sequence, chain.cut_seal
    wanted_at, _, wanted_seal = expected_head.partition(":")
    for entry_id, mac, found_sequence, found_seal, values in _sealed_rows():
        sequence += 1
        if found_sequence != sequence:
            raise _Broken(f"Entry {sequence} of the chain is missing (before entry id {entry_id}).")
        seal = _seal_of(seal, sequence, entry_id, mac)
        if not _same(mac, _mac_of_values(values)) or not _same(found_seal, seal):
            raise _Broken(f"Entry id {entry_id} (number {sequence}) was altered or moved.")
        if wanted_at == str(sequence) and not _same(wanted_seal, seal):
            raise _Broken(f"Number {sequence} is not the entry it was: the trail was replaced.")
    if (sequence, seal) != (chain.head_sequence, chain.head_seal):
        raise _Broken(f"The newest entries, from number {sequence + 1} on, are missing.")
    if wanted_at and int(wanted_at) > sequence:
        raise _Broken(f"The trail once reached number {wanted_at} and now ends at {sequence}.")
    return sequence - chain.cut_sequence


def _sealed_rows() -> Iterator[tuple[int, str, int, str, list[Any]]]:
    columns = ("id", "mac", "sequence", "seal", *CONTENT)
    rows = AuditEntry.objects.exclude(sequence=None).order_by("sequence").values_list(*columns)
    for entry_id, mac, sequence, seal, *values in rows.iterator(chunk_size=2000):
        yield entry_id, mac, sequence, seal, values


def _verify_unsealed() -> int:
    count = 0
    for entry in AuditEntry.objects.filter(sequence=None).order_by("id").iterator():
        if not _same(entry.mac, mac_of(entry)) or entry.seal:
            raise _Broken(f"Entry id {entry.pk}, not yet sealed, was altered or inserted.")
        count += 1
    return count


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


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
