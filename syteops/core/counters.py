"""Counters per time window that all processes share, without the database.

Limits are counted here: in Redis or Valkey when CACHE_URL is set, otherwise in a small file in the
data directory. So N workers have one budget, not N, and counting a read costs no database write.

While that cannot be written (Redis is away, the disk is full or read-only), each machine or each
process counts for itself: the API goes on, and N of them allow up to N times as much. The log says
so once.
"""

import fcntl
import hashlib
import logging
import os
import struct
import threading
import time
from collections.abc import Callable
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

from django.conf import settings
from django.core.cache import cache
from django.core.signals import setting_changed

from syteops.core.outages import in_one_line
from syteops.lib.plain_files import opener

log = logging.getLogger(__name__)

T = TypeVar("T")


class CounterKind(StrEnum):
    """What is counted. Keys of one kind never meet those of another, whatever a stranger sends."""

    READS = "reads"
    WRITES = "writes"
    FAILURES_OF_ADDRESS = "failures of address"
    FAILURES_OF_CREDENTIAL = "failures of credential"
    ACCEPTED_CREDENTIAL = "accepted credential"
    STORED_ANSWERS = "stored answers"
    REFUSALS_OF_KEY = "refusals of key"
    REFUSED_CALLS = "refused calls"
    REFUSED_PAGES = "refused pages"
    FAILED_SIGN_INS = "failed sign-ins"
    WRONG_CODES = "wrong codes"
    TRIED_PASSWORDS = "tried passwords"
    TRIES_OF_ADDRESS = "tries of address"
    HOUSEKEEPING = "housekeeping"
    PROGRESS = "progress"
    ROWS_OF_PERSON = "rows of person"
    PAGES_OF_PERSON = "pages of person"
    SLOW_CALLS = "slow calls"
    PROOFS = "proofs"


class Counters(Protocol):
    """A store of counters. `window` is in whole seconds and the same for all keys of a kind."""

    def add(self, kind: CounterKind, key: str, window: int, amount: int = 1) -> int:
        """Count so many in the current window; how many there are now."""

    def take_back(self, kind: CounterKind, key: str, window: int, amount: int = 1) -> None:
        """Count so many less in the current window, but never less than none."""

    def read(self, kind: CounterKind, key: str, window: int) -> int:
        """How many there are in the current window."""

    def was_counted(self, kind: CounterKind, key: str, window: int) -> bool:
        """Whether there is one in the current window or in the one before it."""

    def clear(self) -> None:
        """Forget every count."""


@lru_cache(maxsize=1)
def counters() -> "FallbackCounters":
    """This site's counters."""
    file = FileCounters(settings.DATA_DIR / "counters")
    local = FallbackCounters(file, ProcessCounters(), OSError, "process")
    if not settings.CACHE_URL:
        return local
    from redis.exceptions import RedisError  # here, for the sake of starts without Redis

    return FallbackCounters(RedisCounters(), local, RedisError, "machine")


def _forget(*, setting: str, **kwargs: object) -> None:
    if setting in ("CACHE_URL", "DATA_DIR"):
        counters.cache_clear()


setting_changed.connect(_forget)


def seconds_left(window: int) -> int:
    """Seconds until the current window ends; at least 1."""
    return window - int(time.time()) % window


def _digest(kind: CounterKind, key: str) -> bytes:
    """What a counter is called. No kind contains a NUL, so no two kinds and keys read alike."""
    return hashlib.blake2b((kind + "\0" + key).encode(), digest_size=16).digest()


class RedisCounters:
    """Counters in the cache, which is Redis here: its increments are atomic."""

    def add(self, kind: CounterKind, key: str, window: int, amount: int = 1) -> int:
        return self._count(_cache_key(kind, key, window), amount, window)

    def take_back(self, kind: CounterKind, key: str, window: int, amount: int = 1) -> None:
        name = _cache_key(kind, key, window)
        if (left := self._count(name, -amount, window)) < 0:  # it has lapsed
            self._count(name, -left, window)

    def read(self, kind: CounterKind, key: str, window: int) -> int:
        return int(cache.get(_cache_key(kind, key, window), 0))

    def was_counted(self, kind: CounterKind, key: str, window: int) -> bool:
        names = [_cache_key(kind, key, window, ago) for ago in (0, 1)]
        return any(cache.get_many(names).values())

    def clear(self) -> None:
        cache.clear()

    def _count(self, name: str, amount: int, window: int) -> int:
        redis: Any = cache
        return int(redis.count(name, amount, 2 * window))


def _cache_key(kind: CounterKind, key: str, window: int, ago: int = 0) -> str:
    return f"count:{_digest(kind, key).hex()}:{int(time.time()) // window - ago}"


# --- Tables ----------------------------------------------------------------------------------


class _Count(NamedTuple):
    """How many in the current window, which is number `number` since 1970; 0: some in the last."""

    number: int
    window: int
    amount: int


_ROW = struct.Struct("<QIII")  # a name and its _Count; all zeros where there is none
_MOST = 2**32 - 1
"""What a row has room for: there a counter stops."""
_WAYS = 8
_BUCKETS = 4096
_BUCKET_SIZE = _ROW.size * _WAYS
_PATIENCE = 0.5  # seconds for the lock of a bucket
_TABLE_SIZE = _BUCKET_SIZE * _BUCKETS

Rows = dict[int, _Count]


class _Table:
    """Counters in a table of fixed size: 4096 buckets of eight rows.

    A bucket that is full gives up a counter of the shortest window, the smallest of them: space is
    bounded whatever is counted, and whoever counts most is never forgotten. What strangers can have
    counted has a window of a minute. So they cannot have longer ones forgotten, such as that of
    wrong codes, by filling its bucket: whose that is, everybody can compute.
    """

    def add(self, kind: CounterKind, key: str, window: int, amount: int = 1) -> int:
        name, start = _place(kind, key)
        return self._use(start, lambda rows: _add(rows, name, window, amount))

    def take_back(self, kind: CounterKind, key: str, window: int, amount: int = 1) -> None:
        name, start = _place(kind, key)
        self._use(start, lambda rows: _take_back(rows, name, amount))

    def read(self, kind: CounterKind, key: str, window: int) -> int:
        name, start = _place(kind, key)
        found = self._use(start, lambda rows: rows.get(name))
        return found.amount if found else 0

    def was_counted(self, kind: CounterKind, key: str, window: int) -> bool:
        name, start = _place(kind, key)
        return self._use(start, lambda rows: name in rows)

    def _use(self, start: int, do: Callable[[Rows], T]) -> T:
        """What `do` answers for the rows of a bucket, which it may change."""
        raise NotImplementedError


class ProcessCounters(_Table):
    """A table in the memory of this process."""

    def __init__(self) -> None:
        self._memory = bytearray(_TABLE_SIZE)
        self._lock = threading.Lock()

    def clear(self) -> None:
        self._memory[:] = bytes(_TABLE_SIZE)

    def _use(self, start: int, do: Callable[[Rows], T]) -> T:
        with self._lock:
            rows = _unpack(bytes(self._memory[start : start + _BUCKET_SIZE]))
            result = do(rows)
            self._memory[start : start + _BUCKET_SIZE] = _pack(rows)
            return result


class FileCounters(_Table):
    """A table in a file that all processes of a machine share, each bucket under a record lock.

    All the space is allocated when the file is opened, and it is read and written by system calls:
    a page of a mapped file for which the disk has no room would end the process (SIGBUS). Raises
    OSError while the file cannot be written, or somebody else keeps it locked.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None
        # Record locks belong to a process; its threads are told apart here.
        self._lock = threading.Lock()

    def clear(self) -> None:
        with self._lock:
            os.pwrite(self._open(), bytes(_TABLE_SIZE), 0)

    def _use(self, start: int, do: Callable[[Rows], T]) -> T:
        with self._lock:
            file = self._open()
            self._take(file, start)
            try:
                before = os.pread(file, _BUCKET_SIZE, start)
                rows = _unpack(before)
                result = do(rows)
                if (after := _pack(rows)) != before:
                    os.pwrite(file, after, start)
                return result
            finally:
                fcntl.lockf(file, fcntl.LOCK_UN, _BUCKET_SIZE, start)

    def _take(self, file: int, start: int) -> None:
        """Lock the bucket, which others hold for a moment, or as long as a process is stopped."""
        until = time.monotonic() + _PATIENCE
        while True:
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, _BUCKET_SIZE, start)
            except (BlockingIOError, PermissionError):  # POSIX allows either
                if time.monotonic() > until:
                    raise
                time.sleep(0.001)
            else:
                return

    def _open(self) -> int:
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            file = opener(self._path, os.O_RDWR | os.O_CREAT)
            try:
                os.posix_fallocate(file, 0, _TABLE_SIZE)
            except OSError:
                os.close(file)
                raise
            self._file = file
        return self._file


def _place(kind: CounterKind, key: str) -> tuple[int, int]:
    """A counter's name in the file, and where its bucket starts."""
    digest = _digest(kind, key)
    bucket = int.from_bytes(digest[8:], "little") % _BUCKETS
    return int.from_bytes(digest[:8], "little"), bucket * _BUCKET_SIZE


def _add(rows: Rows, name: int, window: int, amount: int) -> int:
    """Count so many more under that name; how many there are now."""
    mine = rows.pop(name, None)
    if len(rows) == _WAYS:
        del rows[min(rows, key=lambda other: rows[other][1:])]
    count = mine.amount + amount if mine else amount
    count = count if count < _MOST else _MOST
    rows[name] = _Count(int(time.time()) // window, window, count)
    return count


def _take_back(rows: Rows, name: int, amount: int) -> None:
    if (mine := rows.get(name)) and mine.amount:
        rows[name] = mine._replace(amount=max(mine.amount - amount, 0))


def _unpack(bucket: bytes) -> Rows:
    """What is in a bucket, without what was counted before the last window."""
    now, rows = int(time.time()), {}
    for name, number, window, count in _ROW.iter_unpack(bucket.ljust(_BUCKET_SIZE, b"\0")):
        if not window:
            break  # where there is none, no others follow
        age = now // window - number
        if age in (0, 1):
            rows[name] = _Count(number, window, 0 if age else count)
    return rows


def _pack(rows: Rows) -> bytes:
    packed = b"".join([_ROW.pack(name, *count) for name, count in rows.items()])
    return packed.ljust(_BUCKET_SIZE, b"\0")


# --- While a store is away -------------------------------------------------------------------

ASKED_AGAIN_AFTER = 5.0
"""Seconds after which a store that failed is tried once more; in between nobody waits for it."""
TRIES_SHARE = 10
"""Where it took long to fail, as where no name is resolved, so many times as long: else the one
thread of requests would do little else than wait."""


class FallbackCounters:
    """Counts in `shared`; while that fails with one of `errors`, in `alone`.

    So limits go on holding for each machine, or each process, by itself: in all, a caller may do as
    many times more as there are of these. Nobody is refused because a store is away, and nothing
    goes uncounted. The log says when it goes and when it comes back; `who` counts alone then.
    """

    def __init__(
        self, shared: Counters, alone: Counters, errors: type[Exception], who: str
    ) -> None:
        self._shared, self._alone, self._errors, self._who = shared, alone, errors, who
        self._away_until: float | None = None  # on the monotonic clock; None while it answers

    def add(self, kind: CounterKind, key: str, window: int, amount: int = 1) -> int:
        return self._ask(lambda store: store.add(kind, key, window, amount), proves=True)

    def take_back(self, kind: CounterKind, key: str, window: int, amount: int = 1) -> None:
        self._ask(lambda store: store.take_back(kind, key, window, amount), proves=True)

    def read(self, kind: CounterKind, key: str, window: int) -> int:
        return self._ask(lambda store: store.read(kind, key, window))

    def was_counted(self, kind: CounterKind, key: str, window: int) -> bool:
        return self._ask(lambda store: store.was_counted(kind, key, window))

    def clear(self) -> None:
        for store in (self._shared, self._alone):
            store.clear()

    def takes_counts(self) -> bool:
        """Whether `shared` does, which is found out no more often than counting would."""
        self.add(CounterKind.PROOFS, "", 60)
        return self._away_until is None

    def _ask(self, question: Callable[[Counters], T], *, proves: bool = False) -> T:
        """What the store in use answers. A store that can be read takes no counts for all that."""
        began = time.monotonic()
        if self._away_until is not None and (not proves or began < self._away_until):
            return question(self._alone)
        try:
            answer = question(self._shared)
        except self._errors as error:
            if self._away_until is None:
                log.error("Limits are counted by each %s alone: %s", self._who, in_one_line(error))
            now = time.monotonic()
            self._away_until = now + max(ASKED_AGAIN_AFTER, TRIES_SHARE * (now - began))
            return question(self._alone)
        if self._away_until is not None:
            self._away_until = None
            log.error("Limits are counted for every %s together again.", self._who)
        return answer
