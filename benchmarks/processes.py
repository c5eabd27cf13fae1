"""What the processes of a server cost, read from /proc (Linux)."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

_TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds(session: int) -> float:
    """The CPU time that the session's processes have used so far."""
    return sum(sum(map(int, fields[11:13])) for _, fields in _processes(session)) / _TICK


def cpu_seconds_of(processes: Iterable[int]) -> float:
    """The CPU time that those processes have used so far, as far as they are still there."""
    return sum(map(_scheduled, processes))


def _scheduled(process: int) -> float:
    try:
        return _times(Path(f"/proc/{process}")).worked
    except OSError:
        return 0.0


class Times(NamedTuple):
    """Of a thread, in seconds: how long it has worked, and could have but had no processor."""

    worked: float
    queued: float


def thread_times(session: int) -> dict[str, dict[str, Times]]:
    """By process of the session, and by thread."""
    return {
        process.name: {one.name: _times(one) for one in (process / "task").iterdir()}
        for process, _ in _processes(session)
    }


def _times(thread: Path) -> Times:
    worked, queued, _ = (thread / "schedstat").read_text().split()
    return Times(int(worked) / 1e9, int(queued) / 1e9)


def pss_megabytes(session: int, kind: str = "Pss") -> float:
    """The memory of the session's processes, with its share of what several of them hold.

    `Pss_Anon` is the part that is in no file: not the database, which SQLite maps into memory.
    """
    return sum(_pss(process, kind) for process, _ in _processes(session)) / 1024


def workers_megabytes(session: int) -> float:
    """The memory of those that the session's first process has started to serve."""
    mine = [
        process
        for process, fields in _processes(session)
        if int(fields[1]) == session and "keeper" not in (process / "comm").read_text()
    ]
    return sum(_pss(process, "Pss") for process in mine) / 1024


def _processes(session: int) -> Iterator[tuple[Path, list[str]]]:
    """Each process with the fields of its `stat` after the command's name (proc(5))."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            fields = (process / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        if int(fields[3]) == session:
            yield process, fields


def _pss(process: Path, kind: str) -> int:
    """In kB; 0 for a process that has just ended."""
    try:
        lines = (process / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{kind}:")), 0)
