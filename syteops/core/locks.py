"""Named locks, and snapshots: what one transaction may see and do beside others."""

import fcntl
import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from functools import lru_cache
from pathlib import Path
from time import monotonic, sleep
from typing import Any, TypeVar, cast

from django.conf import settings
from django.db import DatabaseError, Error, OperationalError, connection, transaction

from syteops.core.errors import Conflict
from syteops.lib.plain_files import opener

T = TypeVar("T")
ATTEMPTS = 4
"""How often a write is tried that PostgreSQL ends to free others from a deadlock."""
LOOKS_AGAIN = 0.2
"""Seconds after which whoever waits for an exclusive run looks whether it has ended."""


class Busy(Exception):
    """Another transaction holds the lock."""


def transaction_lock(name: str) -> None:
    """Wait until no other transaction holds the lock `name`, then hold it until this one ends.

    PostgreSQL: an advisory lock. SQLite needs none, for it has one writer at a time: from now on
    that is this transaction.
    """
    if connection.vendor != "postgresql":
        cast(Any, connection).begin_what_is_due()
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_number(name)])


def shared_transaction_lock(name: str) -> None:
    """Keep `transaction_lock(name)` waiting until this transaction ends, together with others."""
    if connection.vendor != "postgresql" or not connection.in_atomic_block:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [_number(name)])


def try_transaction_lock(name: str) -> bool:
    """Take the lock `name` until the transaction ends, without waiting; whether that worked."""
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        return _is_taken(cursor, name)


def _is_taken(cursor: Any, name: str) -> bool:
    cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_number(name)])
    return bool(cursor.fetchone()[0])


@contextmanager
def exclusive_transaction(name: str, first: Callable[[], T]) -> Iterator[T]:
    """A transaction beside which no other of that name runs. Raises Busy at once if one does.

    It yields what `first` reads, which nobody else changes: on SQLite that keeps no writer waiting.

    The lock ends with the process, however that ends: PostgreSQL holds it for the
    connection, and beside SQLite the operating system holds it for the process.
    """
    if connection.vendor == "postgresql":
        with transaction.atomic():
            if not try_transaction_lock(name):
                raise Busy
            yield first()
    else:
        # Before the transaction: to begin one, SQLite would wait for the other to end.
        with _file_locks(settings.DATA_DIR).held(_number(name)):
            read = first()
            with transaction.atomic():
                yield read


@contextmanager
def exclusive(name: str, *, until: float = 0.0) -> Iterator[Callable[[], object]]:
    """Work, in no transaction, beside which no other of that name runs.

    Raises Busy if one does `until` then, on the monotonic clock. For what takes long or talks to
    others, such as a mail server: on SQLite a transaction would keep every writer waiting. The lock
    ends with the process. Before a step that must not be done twice, call what this yields: it
    raises OperationalError if the lock is lost, with the connection that holds it.
    """
    if connection.vendor != "postgresql":
        with _file_locks(settings.DATA_DIR).held(_number(name), until):
            yield lambda: None  # the operating system takes none away
        return
    # A transaction that does nothing else, in a connection of its own. A lock of the session would
    # stay behind in a pooler's session, which somebody else gets next.
    holder = connection.copy()
    try:
        holder.set_autocommit(False)
        with holder.cursor() as cursor:
            # It is idle for as long as the work takes.
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            _wait_for(lambda: _is_taken(cursor, name), until)
            yield lambda: cursor.execute("SELECT 1")
    finally:
        with suppress(Error):  # a pooler would throw the session away with the transaction
            holder.rollback()
        holder.close()


@contextmanager
def snapshot() -> Iterator[None]:
    """Every read inside sees the same moment, and no writer waits for it. For reading only.

    `iterator()` reads piece by piece inside, and on PostgreSQL in transactions only.
    Inside a transaction that is open already, reads see what that one sees.
    """
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "postgresql":
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
    else:
        with _sqlite_snapshot():
            yield


@contextmanager
def _sqlite_snapshot() -> Iterator[None]:
    with connection.cursor() as cursor:
        if connection.connection.in_transaction:
            yield
            return
        cursor.execute("BEGIN DEFERRED")  # Django's own would be IMMEDIATE: a writer
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")


def lost_race(error: DatabaseError) -> bool:
    """Whether PostgreSQL rolled this back in favour of another transaction: it may be retried."""
    return getattr(error.__cause__, "sqlstate", None) in ("40001", "40P01")


@contextmanager
def bounded_waits(seconds: float) -> Iterator[None]:
    """Statements of transactions inside wait so long for a lock of PostgreSQL, then raise what
    `is_lock_refused` knows. All who come after one that waits for a table wait behind it.
    """
    limit = f"SET LOCAL lock_timeout = {int(seconds * 1000)}"  # for a pooler, as everything

    def bounded(execute: Callable[..., Any], sql: Any, params: Any, *how: Any) -> Any:
        if connection.in_atomic_block:
            execute(limit, None, *how)
        return execute(sql, params, *how)

    is_needed = connection.vendor == "postgresql"
    with connection.execute_wrapper(bounded) if is_needed else nullcontext():
        yield


def is_lock_refused(error: DatabaseError) -> bool:
    """Whether PostgreSQL has waited for a lock for as long as it was told."""
    return getattr(error.__cause__, "sqlstate", None) == "55P03"


class Overtaken(Conflict):
    """Others were faster time and again. Nothing was stored."""


def repeated(work: Callable[[], T]) -> T:
    """What `work`, in a transaction of its own, answers; done anew where a race was lost.

    Two that wait for each other have done nothing wrong, and PostgreSQL ends one of them. Raises
    Overtaken in the end.
    """
    for _ in range(ATTEMPTS):
        try:
            return work()
        except OperationalError as error:
            if not lost_race(error):
                raise
    raise Overtaken("Too many others are changing the same things. Nothing was stored. Try again.")


def _wait_for(take: Callable[[], bool], until: float) -> None:
    while not take():
        if monotonic() >= until:
            raise Busy
        sleep(LOOKS_AGAIN)


def _number(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)


class _FileLocks:
    """Locks on single bytes of one file, beyond its end as well: any 62-bit number is one."""

    def __init__(self, path: Path) -> None:
        # The operating system locks for a process; its threads are told apart here.
        self._guard = threading.Lock()
        self._held: set[int] = set()
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = opener(path, os.O_RDWR | os.O_CREAT)

    @contextmanager
    def held(self, number: int, until: float = 0.0) -> Iterator[None]:
        """Holds the lock. Raises Busy for who has not got it then."""
        place = number & (2**62 - 1)
        _wait_for(lambda: self._take(place), until)
        try:
            yield
        finally:
            with self._guard:
                fcntl.lockf(self._file, fcntl.LOCK_UN, 1, place)
                self._held.discard(place)

    def _take(self, place: int) -> bool:
        with self._guard:
            if place in self._held:
                return False
            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
            except (BlockingIOError, PermissionError):  # POSIX allows either
                return False
            self._held.add(place)
            return True


@lru_cache(maxsize=4)
def _file_locks(data_dir: Path) -> _FileLocks:
    return _FileLocks(data_dir / "locks")
