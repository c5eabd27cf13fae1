"""What watches the workers is not silenced, and what replaces them does not give up."""

import errno
import os
import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from granian import Granian

from syteops.server import keeper, launcher, liveness
from syteops.server.launcher import Watchdog

AT_ONCE = 0.0
FULL = BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")


@pytest.fixture
def watchdog(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watchdog]:
    """One that is looked through step by step, of a server without workers."""
    for name in ("_pipe", "_server"):
        monkeypatch.setattr(liveness, name, None)
    monkeypatch.setattr(threading, "Thread", lambda **_: SimpleNamespace(start=int))
    made = Watchdog(SimpleNamespace(wrks=[], keeper=SimpleNamespace(replace=int)), 5.0)
    made.start()
    yield made
    for end in liveness._pipe or ():
        os.close(end)


def say(number: int, since: float) -> None:
    """What the worker of that number tells."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "getpid", lambda: number)
        liveness.tell(since)


def test_it_hears_all_and_nobody_waits_for_it(watchdog: Watchdog) -> None:
    """Reports went by way of the network, where each program of the machine could crowd them out:
    then the workers were killed.
    """
    for number in range(5000):
        say(number, 1.0)
    watchdog.look()
    heard = len(watchdog._since)
    assert 256 < heard < 5000
    say(5000, 56.5)
    watchdog.look()
    assert (len(watchdog._since), watchdog._since[5000]) == (heard + 1, 56.5)


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Those that were, each by itself: one that has ended leaves its number to another process."""
    found: list[int] = []
    monkeypatch.setattr(os, "kill", lambda process, signal: pytest.fail("by its number"))
    return found


def worker(number: int, killed: list[int]) -> SimpleNamespace:
    inner = SimpleNamespace(pid=number, kill=lambda: killed.append(number))
    return SimpleNamespace(inner=inner, birth=0.0)


def test_a_worker_is_ended_that_gets_nowhere_or_says_nothing(
    watchdog: Watchdog, killed: list[int]
) -> None:
    watchdog._server.wrks = [worker(one, killed) for one in (7, 8, 9)]
    say(9, 1.0)
    for number in range(7):  # the first rests, the second is at one request, the third hangs
        say(7, number + 2.0)
        say(8, 1.0)
        watchdog.look()
    assert killed == [8, 9]


def test_none_is_ended_for_having_been_stopped_with_all_others(
    watchdog: Watchdog, killed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by a snapshot, or one who pauses a container: all requests under way were lost."""
    watchdog._server.wrks = [worker(7, killed)]
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    say(7, now)
    watchdog.look()
    now += 3600
    watchdog.look()
    assert killed == []


def test_a_machine_that_is_full_does_not_end_it(
    watchdog: Watchdog, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def replace() -> None:
        raise FULL

    monkeypatch.setattr(watchdog._server.keeper, "replace", replace)
    watchdog.look()
    assert [one.levelname for one in caplog.records] == ["ERROR"]


def test_a_keeper_is_replaced_as_soon_as_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []

    def fork(name: str, run: object) -> int:
        made.append(0)
        if len(made) == 2:
            raise FULL
        return len(made)

    monkeypatch.setattr(keeper, "_fork", fork)
    monkeypatch.setattr(keeper, "_ended", lambda process: 9 if process == 1 else None)
    kept = keeper.Keeper(lambda has_ended: True, 5.0)
    kept.replace()
    assert not made
    kept.start()
    with pytest.raises(OSError, match="temporarily"):
        kept.replace()
    kept.replace()
    kept.replace()
    assert len(made) == 3


class Full:
    """A process that cannot be started the first two times, nor be waited for the next."""

    def __init__(self, idx: int) -> None:
        self.tried = idx
        self.inner = SimpleNamespace(start=self.start)

    def start(self) -> None:
        self.tried += 1
        if self.tried <= 2:
            raise FULL

    def _watch(self) -> None:
        self.tried += 1
        if self.tried == 4:
            raise RuntimeError("can't start new thread")  # the process has taken the last place


def test_a_worker_is_started_as_soon_as_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the server would stand without it, and hear of no signal any more."""
    server = launcher.make_server()
    monkeypatch.setattr(Granian, "_spawn_worker", Full)
    monkeypatch.setattr(launcher, "RESPAWN_INTERVAL", 0)
    made = server._spawn_worker(idx=0)
    made.start()
    assert made.tried == 5
    server.interrupt_signal = True
    made = server._spawn_worker(idx=0)
    with pytest.raises(OSError, match="temporarily"):
        made.start()
    assert made.tried == 1


def test_who_hears_of_ends_misses_none_and_rests_after_each() -> None:
    """Of two workers that ended at once the second had the server look without end."""
    bell = launcher.make_server().main_loop_interrupt
    bell.set()
    bell.clear()  # after the look that did not see it
    assert bell.wait(AT_ONCE)
    assert not bell.wait(AT_ONCE)


def test_a_server_that_fails_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """And does not wait for its workers, which end when it has."""
    done: list[object] = []
    monkeypatch.setattr(os, "_exit", done.append)
    kept: Any = SimpleNamespace(wait=lambda: done.append("waited"))
    end = launcher.ending(kept)
    end.__enter__()
    end.__exit__(OSError, FULL, None)
    assert done[:2] == ["waited", 1]
