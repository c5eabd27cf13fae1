import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from syteops.lib import counters
from syteops.lib.counters import Counters, FileCounters

WINDOW = 60
_ADD = """
import sys
from pathlib import Path
from syteops.lib.counters import FileCounters
counter = FileCounters(Path(sys.argv[1]))
for _ in range(500):
    counter.add("shared", 3600)
"""


@pytest.fixture
def store(tmp_path: Path) -> FileCounters:
    return FileCounters(tmp_path / "counters")


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets the clock."""

    def set_clock(moment: float) -> None:
        monkeypatch.setattr(counters.time, "time", lambda: moment)

    return set_clock


def test_names_are_counted_apart(store: Counters) -> None:
    assert [store.add("alice", WINDOW) for _ in range(3)] == [1, 2, 3]
    assert store.add("bob", WINDOW) == 1
    assert store.read("alice", WINDOW) == 3
    assert store.read("nobody", WINDOW) == 0


def test_a_new_window_starts_from_nothing(store: Counters, at: Any) -> None:
    at(1_000_000_019)
    store.add("alice", WINDOW)
    at(1_000_000_020)

    assert store.read("alice", WINDOW) == 0
    assert store.add("alice", WINDOW) == 1


def test_processes_share_one_count(tmp_path: Path) -> None:
    path = tmp_path / "counters"
    # S603: our own interpreter with our own code.
    running = [subprocess.Popen([sys.executable, "-c", _ADD, str(path)]) for _ in range(4)]  # noqa: S603
    assert [process.wait(timeout=60) for process in running] == [0, 0, 0, 0]

    assert FileCounters(path).read("shared", 3600) == 2000


def test_threads_share_one_count(store: Counters) -> None:
    def count() -> None:
        for _ in range(500):
            store.add("shared", 3600)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert store.read("shared", 3600) == 2000


def test_the_file_stays_small_and_whoever_counts_most_is_not_forgotten(
    store: FileCounters, tmp_path: Path
) -> None:
    for _ in range(50):
        store.add("attacker", 3600)
    for number in range(50_000):
        store.add(f"one of many {number}", 3600)

    assert store.read("attacker", 3600) == 50
    assert (tmp_path / "counters").stat().st_size < 1_000_000
