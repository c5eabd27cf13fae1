"""The audit trail as a chain: what was altered, removed, inserted or swapped is found.

Each entry carries a MAC over its own content, made in the transaction of the change. After the
commit, entries are sealed in order, in batches: a seal is a MAC over the seal before, the entry's
place and its MAC. So writers never wait for each other, and what is not yet sealed can be counted
and still proves its content; but not, until then, that it is there (SECURITY.md). `AuditChain`
keeps the end of the chain, signed, so that a cut tail is found too. HMAC-SHA256 (RFC 2104) under
AUDIT_KEY throughout.

Nothing is ever signed on top of an end that does not hold: whoever altered it would get the
alteration signed. Nor is anything written then, or while the chain takes nothing in, until
somebody looks: what stayed unsealed could be deleted, and the end put back.

Whoever restores an older copy of the whole database restores a chain that fits: keep the head that
`manage.py verify_audit` prints somewhere else, and pass it back with `--head` to notice.
"""

import hmac
import logging
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeVar

import orjson
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from syteops.audit.ends_seen import EndsSeen
from syteops.audit.models import AuditChain, AuditEntry
from syteops.core.background import after_answers, is_running
from syteops.core.errors import Unavailable
from syteops.core.locks import try_transaction_lock
from syteops.core.prepared import Prepared, preparing_cursor
from syteops.core.trials import is_trial
from syteops.env import kept_secret, secret_path

log = logging.getLogger(__name__)

T = TypeVar("T")

CONTENT = (
    "at", "outcome", "actor_kind", "actor_id", "actor_label", "door", "operation", "event",
    "object_resource", "object_id", "object_pk", "object_label", "changes", "code", "request_id",
    "address", "uid",
)  # fmt: skip
BATCH = 500
ROUNDS = 200
HELD_UP = timedelta(minutes=5)
"""Sealing follows the commit within a moment. No transaction lasts that long."""


def mac_of(entry: AuditEntry) -> str:
    """The MAC over everything an entry says."""
    changes = AuditEntry._meta.get_field("changes").get_prep_value(entry.changes)
    return mac_of_values([changes if n == "changes" else getattr(entry, n) for n in CONTENT])


def sign_entry(entry: AuditEntry) -> str:
    """Its MAC, to be stored; none in a trial: what is taken back may stay in a database's files,
    and whoever finds it there could bring a genuine entry of what never happened.
    """
    return "" if is_trial() else mac_of(entry)


def mac_of_values(values: Sequence[Any]) -> str:
    """The same, of the columns of CONTENT; `changes` is the stored text, byte for byte."""
    return mac_for(b"entry", orjson.dumps([_plain(value) for value in values]))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        # SQLite keeps times in UTC and does not say so.
        value = value if value.tzinfo else value.replace(tzinfo=UTC)
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return str(value) if isinstance(value, uuid.UUID) else value


def seal_of(before: str, sequence: int, entry_id: int, mac: str) -> str:
    """The seal of an entry in that place, behind the one with the seal `before`."""
    return mac_for(b"seal", f"{before}:{sequence}:{entry_id}:{mac}".encode())


def mac_for(purpose: bytes, content: bytes) -> str:
    """The MAC over that, of one purpose and no other."""
    return hmac.digest(audit_key().encode(), purpose + b"\0" + content, "sha256").hex()


def audit_key() -> str:
    """AUDIT_KEY. Raises AuditKeyAway where it was lost."""
    return settings.AUDIT_KEY or _first_key()


@cache
def _first_key() -> str:
    """That of a process which began before there was one. Made, unless something is signed."""
    file = secret_path("audit_key")
    if not file.exists() and _is_signed():
        raise AuditKeyAway(file)
    return kept_secret(file.name)


def _is_signed() -> bool:
    there = connection.introspection.table_names()
    signed = (AuditChain, AuditEntry)
    return any(one._meta.db_table in there and one.objects.exists() for one in signed)


def mac_of_chain(chain: AuditChain) -> str:
    """The MAC over both ends of the chain."""
    cut_at = chain.cut_at and _plain(chain.cut_at)
    parts = [chain.head_sequence, chain.head_seal, chain.cut_sequence, chain.cut_seal, cut_at]
    return mac_for(b"chain", orjson.dumps(parts))


# --- Sealing -------------------------------------------------------------------------------


def seal_pending() -> int:
    """Seal what has been committed and is not sealed yet; how many that were.

    Never waits: if another process is sealing, that one (or the next write) takes the rest. Stops
    after ROUNDS batches, however busy the writers are: they seal for themselves.
    """
    sealed = 0
    try:
        for _ in range(ROUNDS):
            count = _seal_batch()
            sealed += count
            # Also what another process has left to this one meanwhile.
            if not count or not _ANY_WAITING():
                break
            if count < BATCH and is_running():  # together with what comes until then
                after_answers(seal_pending)
                break
    except BrokenChain as broken:
        log.critical("Audit entries stay unsealed. %s Run manage.py verify_audit.", broken)
    return sealed


def seal_left() -> None:
    """Seal what a process that was killed has left. One short query while there is nothing."""
    if not _ANY_WAITING():
        return
    with suppress(BrokenChain):  # as every write says
        _require_both_ends(sealing=True)
        seal_pending()


class SealingHeldUp(Exception):
    """Entries stay unsealed, so that one could be deleted unnoticed."""


def require_sealed() -> None:
    """Raises SealingHeldUp if an entry has been waiting for its seal for longer than HELD_UP."""
    late = AuditEntry.objects.filter(sequence=None, at__lt=timezone.now() - HELD_UP).count()
    if late:
        raise SealingHeldUp(
            f"{late} audit entries are not sealed. Somebody keeps the database from it, or the "
            "chain is broken: run manage.py verify_audit."
        )


@transaction.atomic
def _seal_batch() -> int:
    if not try_transaction_lock("audit_chain"):
        return 0
    chain = intact(next(iter(_read(_LOCKED_CHAIN)), None))
    seals = []
    for entry_id, mac in _WAITING_SINCE(chain.cut_at) if chain.cut_at else _WAITING():
        chain.head_sequence += 1
        chain.head_seal = seal_of(chain.head_seal, chain.head_sequence, entry_id, mac)
        seals.append((chain.head_sequence, chain.head_seal, entry_id))
    if not seals:
        return 0
    with preparing_cursor(connection) as cursor:
        # One by one: as a single statement it takes ten times as long. There is nearly always one
        # alone, and to send several at once gains nothing for one.
        if len(seals) == 1:
            cursor.execute(_SEAL, seals[0])
        else:
            cursor.executemany(_SEAL, seals)
        sign(chain)
        cursor.execute(_MOVE_HEAD, [chain.head_sequence, chain.head_seal, chain.mac, chain.pk])
    transaction.on_commit(partial(_ends_seen.note, chain.head_sequence))
    return len(seals)


def _waiting(**further: Any) -> "QuerySet[AuditEntry, tuple[int, str]]":
    """What is to be sealed next."""
    found = AuditEntry.objects.filter(sequence=None, **further)
    return found.order_by("id").values_list("id", "mac")[:BATCH]


# Every write asks these.
_LOCKED_CHAIN = Prepared(AuditChain.objects.select_for_update)
_ANY_WAITING = Prepared(lambda: _waiting()[:1])
_WAITING = Prepared(_waiting)
# What was cut off and comes back is not sealed again.
_WAITING_SINCE = Prepared(lambda cut_at: _waiting(at__gte=cut_at))
_ENTRIES, _CHAINS = AuditEntry._meta.db_table, AuditChain._meta.db_table
_SEAL = f"UPDATE {_ENTRIES} SET sequence = %s, seal = %s WHERE id = %s"  # noqa: S608 - our own name
_MOVE_HEAD = f"UPDATE {_CHAINS} SET head_sequence = %s, head_seal = %s, mac = %s WHERE id = %s"  # noqa: S608


def begin(model: Any = AuditChain) -> None:
    """Sign the ends of a chain without an entry, where there is none; `model` is a migration's."""
    if not model.objects.exists():
        chain = model(pk=1)
        sign(chain)
        chain.save()


class BrokenChain(Exception):
    """The trail is not what was signed; the text says where."""


class AuditKeyAway(BrokenChain):
    """Another key would verify nothing of what is there."""

    def __init__(self, file: Path) -> None:
        super().__init__(
            f"AUDIT_KEY is missing, which signed the audit trail of this database. Restore {file} "
            "from a backup, or set AUDIT_KEY. If it is lost for good: docs/running.md, "
            '"When AUDIT_KEY is lost".'
        )


class ClockBehind(BrokenChain):
    """An entry of now would pass for one that was cut off."""

    def __init__(self) -> None:
        super().__init__(
            "The clock of this machine is behind what was removed from the audit trail because it "
            "was old. Nothing is stored until the clock is right."
        )


class EndWentBack(BrokenChain):
    """Nobody takes the newest entries away and goes on as if they had not been."""

    def __init__(self) -> None:
        super().__init__(
            "The audit trail ends before where it ended a minute ago. Nothing is stored until "
            "somebody has looked why. If the database was put back on purpose, restart SyteOps."
        )


class NothingSealed(BrokenChain):
    """Whoever keeps entries from being sealed could delete one unnoticed."""

    def __init__(self) -> None:
        super().__init__(
            "Audit entries have not been sealed for more than a minute. Nothing is stored until "
            "they are: somebody keeps the database from it, or an entry cannot be read."
        )


class TrailBroken(Unavailable):
    """Nothing can be recorded, so nothing may be changed."""

    def __init__(self, why: BrokenChain | None = None) -> None:
        super().__init__(
            str(why)
            if isinstance(why, ClockBehind | EndWentBack | NothingSealed)
            else "The audit trail was altered, or its key was replaced, so nothing is stored. "
            "Whoever runs this site must look: manage.py verify_audit."
        )


def require_intact() -> None:
    """Raises TrailBroken unless the ends of the chain hold. One short query, for every write."""
    try:
        _require_both_ends()
    except BrokenChain as broken:
        log.critical("Nothing is written. %s Run manage.py verify_audit.", broken)
        raise TrailBroken(broken) from broken


def is_intact() -> bool:
    """Whether the chain takes entries: its ends are those that were signed. One short query."""
    try:
        _require_both_ends()
    except BrokenChain:
        return False
    return True


def _require_both_ends(*, sealing: bool = False) -> None:
    """An older end was signed too, once; but it is not that of the newest sealed entry.

    By number and seal: another entry with that seal would keep the next from getting its number.
    Whoever is `sealing` minds no standstill.
    """
    row: Any = next(iter(_read(_BOTH_ENDS)), _NO_ENDS)
    *columns, number, seal, is_one_waiting = row
    chain = intact(AuditChain(*columns) if columns else None)
    newest = (chain.cut_sequence, chain.cut_seal) if number is None else (number, seal)
    if (chain.head_sequence, chain.head_seal) != newest:
        raise BrokenChain("The chain does not end where its newest entry is.")
    if _ends_seen.goes_back(chain.head_sequence):
        raise EndWentBack
    if _ends_seen.stands_still(chain.head_sequence, is_one_waiting) and not sealing:
        raise NothingSealed
    if chain.cut_at and timezone.now() < chain.cut_at:
        raise ClockBehind


_ends_seen = EndsSeen()


def _both_ends() -> "QuerySet[AuditChain, Any]":
    """The chain's record, the number and seal of the newest entry, and whether one waits."""
    newest = AuditEntry.objects.exclude(sequence=None).order_by("-sequence")
    columns = [field.attname for field in AuditChain._meta.concrete_fields]
    number_and_seal = (Subquery(newest.values(name)[:1]) for name in ("sequence", "seal"))
    begin = Coalesce(OuterRef("cut_at"), Value(datetime.min.replace(tzinfo=UTC)))
    waiting = AuditEntry.objects.filter(sequence=None, at__gte=begin)
    return AuditChain.objects.values_list(*columns, *number_and_seal, Exists(waiting))


_NO_ENDS = (None, "", False)
_BOTH_ENDS: Prepared[Any] = Prepared(_both_ends)


def _read(ask: Callable[[], T]) -> T:
    """What could not even be loaded or signed is not what was signed: SQLite stores anything."""
    try:
        return ask()
    except (AttributeError, TypeError, ValueError) as error:
        raise BrokenChain("The record of the chain's ends was altered.") from error


def ends(*, locked: bool = False) -> AuditChain:
    """The chain's record, `locked` until the transaction ends. Raises BrokenChain."""
    found = AuditChain.objects.select_for_update() if locked else AuditChain.objects.all()
    return intact(_read(found.first))


def intact(chain: AuditChain | None) -> AuditChain:
    """The chain's record, if it is the one that was signed. Raises BrokenChain."""
    if chain is None:
        raise BrokenChain("The record of the chain's ends is missing.")
    if chain.mac != _read(partial(mac_of_chain, chain)):
        raise BrokenChain("The record of the chain's ends was altered, or AUDIT_KEY is another.")
    return chain


def sign(chain: AuditChain) -> None:
    """Sign both ends of the chain as they are."""
    chain.mac = mac_of_chain(chain)
