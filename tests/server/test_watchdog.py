"""What watches the workers is not silenced, and what replaces them does not give up."""

import errno
import os
import socket
import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest
from granian import Granian

from syteops.env import announced
from syteops.server import keeper, launcher
from syteops.server.launcher import Watchdog

AT_ONCE = 0.0
FULL = BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")


@pytest.fixture
def watchdog(monkeypatch: pytest.MonkeyPatch) -> Watchdog:
    """One that is looked through step by step, of a server without workers."""
    monkeypatch.setenv("SYTEOPS_WATCHDOG", "")
    monkeypatch.setattr(threading, "Thread", lambda **_: SimpleNamespace(start=int))
    made = Watchdog(SimpleNamespace(wrks=[], keeper=SimpleNamespace(replace=int)), 5.0)
    made.start()
    return made


def say(*texts: bytes) -> None:
    """What some program of this machine sends to where workers report."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for text in texts:
            sender.sendto(text, ("127.0.0.1", int(announced().split()[0])))


@pytest.mark.parametrize(
    "text",
    [b"", b"hello", b"\xff" * 200, b"a b c", b"\xc3\xa4 1 2"],
)
def test_nobody_on_this_machine_silences_it(watchdog: Watchdog, text: bytes) -> None:
    token = announced().split()[1]
    say(text, token.encode() + b" 1", f"{token} 1234 56.5".encode())
    watchdog.look()
    assert watchdog._since == {1234: 56.5}


def test_who_sends_without_end_keeps_it_from_nothing(
    watchdog: Watchdog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchdog, "_socket", SimpleNamespace(recv=lambda size: b"hello"))
    watchdog.look()


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
    token = announced().split()[1]
    for number in range(7):  # the first rests, the second is at one request, the third hangs
        busy = [] if number else [f"{token} 9 1.0".encode()]
        say(f"{token} 7 {number + 2.0}".encode(), f"{token} 8 1.0".encode(), *busy)
        watchdog.look()
    assert killed == [8, 9]


def test_none_is_ended_for_having_been_stopped_with_all_others(
    watchdog: Watchdog, killed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by a snapshot, or one who pauses a container: all requests under way were lost."""
    watchdog._server.wrks = [worker(7, killed)]
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    say(f"{announced().split()[1]} 7 {now}".encode())
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
