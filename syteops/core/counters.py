"""Counters per time window that all processes share, without the database.

Limits are counted here: in Redis or Valkey when CACHE_URL is set, otherwise in a small file in the
data directory that every process of this machine maps into memory. So N workers have one budget,
not N, and counting a read costs no database write.
"""

import fcntl
import hashlib
import mmap
import os
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from django.conf import settings
from django.core.cache import cache
from django.core.signals import setting_changed

_SLOT = struct.Struct("<QIHxxI")  # fingerprint, window number, window length in s, count
_WAYS = 8
_BUCKETS = 4096
_BUCKET_SIZE = _SLOT.size * _WAYS


class Counters(Protocol):
    """What a store of counters can do. `window` is in whole seconds, 1 to 65535."""

    def add(self, name: str, window: int) -> int:
        """Count one in the current window; how many there are now."""

    def read(self, name: str, window: int) -> int:
        """How many there are in the current window."""

    def was_counted(self, name: str, window: int) -> bool:
        """Whether there is one in the current window or in the one before it."""


def counters() -> Counters:
    """This site's counters."""
    return _store(settings.CACHE_URL, settings.DATA_DIR)


@lru_cache(maxsize=4)
def _store(cache_url: str, data_dir: Path) -> Counters:
    return CacheCounters() if cache_url else FileCounters(data_dir / "counters")


def _forget(*, setting: str, **kwargs: object) -> None:
    if setting in ("CACHE_URL", "DATA_DIR"):
        _store.cache_clear()


setting_changed.connect(_forget)


def seconds_left(window: int) -> int:
    """Seconds until the current window ends; at least 1."""
    return window - int(time.time()) % window


class CacheCounters:
    """Counters in the shared cache, whose increments are atomic."""

    def add(self, name: str, window: int) -> int:
        key = _cache_key(name, window)
        cache.add(key, 0, timeout=2 * window)
        try:
            return int(cache.incr(key))
        except ValueError:  # it lapsed between the two
            cache.set(key, 1, timeout=2 * window)
            return 1

    def read(self, name: str, window: int) -> int:
        return int(cache.get(_cache_key(name, window), 0))

    def was_counted(self, name: str, window: int) -> bool:
        keys = [_cache_key(name, window, ago) for ago in (0, 1)]
        return any(cache.get_many(keys).values())


def _cache_key(name: str, window: int, ago: int = 0) -> str:
    digest = hashlib.blake2b(name.encode(), digest_size=16).hexdigest()
    return f"count:{digest}:{int(time.time()) // window - ago}"


class FileCounters:
    """Counters in a memory-mapped file: 4096 buckets of eight, each under its own record lock.

    A bucket that is full of current counters gives up its smallest one. So memory is bounded
    whatever names are counted, and whoever counts most is never forgotten.
    """

    def __init__(self, path: Path) -> None:
        # Record locks belong to a process; threads of one process need a lock of their own.
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.ftruncate(self._file, _BUCKET_SIZE * _BUCKETS)
        self._map = mmap.mmap(self._file, _BUCKET_SIZE * _BUCKETS)

    def add(self, name: str, window: int) -> int:
        with self._bucket(name) as (start, fingerprint):
            return self._count(start, fingerprint, window, 1)

    def read(self, name: str, window: int) -> int:
        with self._bucket(name) as (start, fingerprint):
            return self._count(start, fingerprint, window, 0)

    def was_counted(self, name: str, window: int) -> bool:
        oldest = int(time.time()) // window - 1
        with self._bucket(name) as (start, fingerprint):
            slots = _SLOT.iter_unpack(self._map[start : start + _BUCKET_SIZE])
            return any(
                found == fingerprint and length == window and number >= oldest and count
                for found, number, length, count in slots
            )

    @contextmanager
    def _bucket(self, name: str) -> Iterator[tuple[int, int]]:
        """Where the name's bucket begins, and what the name is called there; locked."""
        digest = hashlib.blake2b(name.encode(), digest_size=12).digest()
        fingerprint = int.from_bytes(digest[:8], "little") or 1
        start = int.from_bytes(digest[8:], "little") % _BUCKETS * _BUCKET_SIZE
        with self._lock:
            fcntl.lockf(self._file, fcntl.LOCK_EX, _BUCKET_SIZE, start)
            try:
                yield start, fingerprint
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN, _BUCKET_SIZE, start)

    def _count(self, start: int, fingerprint: int, window: int, more: int) -> int:
        now = int(time.time())
        number = now // window
        place, least = start, None
        for offset in range(start, start + _BUCKET_SIZE, _SLOT.size):
            found, in_window, length, count = _SLOT.unpack_from(self._map, offset)
            current = found and in_window == now // (length or 1)
            if found == fingerprint and length == window:
                count = count if current else 0
                if more:
                    _SLOT.pack_into(self._map, offset, fingerprint, number, window, count + more)
                return int(count + more)
            weight = count if current else 0
            if least is None or weight < least:
                place, least = offset, weight
        if more:
            _SLOT.pack_into(self._map, place, fingerprint, number, window, more)
        return more

    def clear(self) -> None:
        """Forget every count."""
        with self._lock:
            self._map[:] = bytes(_BUCKET_SIZE * _BUCKETS)
