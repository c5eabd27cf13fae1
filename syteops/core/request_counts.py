"""How many calls there were and how long they took, for Prometheus.

Each process counts in memory, which costs a call about a microsecond and never waits for a disk or
a database. Every few seconds it leaves its counts in a file of its own in the data directory, and
whoever is asked sums those of all processes of this machine. The file of a process that has ended
stays until the server is started again: counts only grow until then.
"""

import os
import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from django.conf import settings

from syteops.lib.plain_files import opener, read_bytes

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the buckets, in seconds; what took longer is in one more."""
SHARED_EVERY = 5.0
"""Seconds after which other processes know what this one has counted."""


class Calls(NamedTuple):
    """What is counted apart: `status` is a class such as `2xx`, `caller` the kind of who called."""

    operation: str
    status: str
    caller: str


Tally = list[float]
"""The number of calls in each bucket, and the seconds of all of them."""

_tallies: dict[Calls, Tally] = {}
_lock = threading.Lock()
_shared: bytes = b""


def count(operation: str, status: int, caller: str, seconds: float) -> None:
    """Count one call."""
    calls = Calls(operation, f"{status // 100}xx", caller)
    with _lock:
        tally = _tallies.get(calls)
        if tally is None:
            tally = _tallies[calls] = [0] * (len(BOUNDS) + 2)
        tally[bisect_left(BOUNDS, seconds)] += 1
        tally[-1] += seconds


def share() -> None:
    """Leave this process's counts for the others, if there are new ones.

    While the disk takes nothing, they stay in memory and are left the next time.
    """
    global _shared  # noqa: PLW0603 - per process on purpose
    counts = _dumped()
    if counts == _shared:
        return
    path = _own_file()
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, exist_ok=True)
        new = path.with_suffix(".new")
        with open(new, "wb", opener=opener) as file:
            file.write(counts)
        new.replace(path)
        _shared = counts


def totals() -> Mapping[Calls, Tally]:
    """The counts of all processes of this machine: of others as they were a few seconds ago."""
    found: dict[Calls, Tally] = {}
    for counts in (orjson.loads(_dumped()), *_of_others()):
        for *calls, tally in counts:
            known = found.setdefault(Calls(*calls), [0] * len(tally))
            known[:] = [one + other for one, other in zip(known, tally, strict=True)]
    return found


def by_operation(found: Mapping[Calls, Tally]) -> dict[str, Tally]:
    """The same for each operation, whoever called and whatever was answered."""
    added: dict[str, Counter[int]] = {}
    for calls, tally in found.items():
        added.setdefault(calls.operation, Counter()).update(dict(enumerate(tally)))
    return {name: [one[place] for place in sorted(one)] for name, one in sorted(added.items())}


def forget_ended() -> None:
    """Remove what ended processes left. Call it when the server starts, before there are others."""
    for path in _files():
        with suppress(OSError):
            path.unlink()


def _dumped() -> bytes:
    with _lock:
        return orjson.dumps([[*calls, tally] for calls, tally in _tallies.items()])


def _of_others() -> Iterator[list[Any]]:
    for path in _files():
        if path != _own_file() and path.suffix == ".json":
            with suppress(OSError, orjson.JSONDecodeError):
                yield orjson.loads(read_bytes(path))


def _files() -> list[Path]:
    return sorted(_own_file().parent.glob("calls-*"))


def _own_file() -> Path:
    return Path(settings.DATA_DIR) / "metrics" / f"calls-{os.getpid()}.json"
