"""What somebody else does at the same time: in another thread, with a connection of its own; and
what a server's thread does, in a test that takes its place."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from queue import Queue
from typing import Any

import pytest
from django.db import connection, transaction

from syteops.core import background
from tests.waiting import PATIENCE


@contextmanager
def elsewhere(block: AbstractContextManager[Any]) -> Iterator[None]:
    """Another thread is inside `block` for as long as we are inside ours."""
    inside, may_end = threading.Event(), threading.Event()

    def stay() -> None:
        try:
            with block:
                inside.set()
                assert may_end.wait(PATIENCE)
        finally:
            connection.close()

    thread = threading.Thread(target=stay)
    thread.start()
    try:
        assert inside.wait(PATIENCE)
        yield
    finally:
        may_end.set()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def keeps_somebody_waiting() -> bool:
    """Whether another session waits for a lock that ours holds. On PostgreSQL."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks"
            " WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid)))"
        )
        return bool(cursor.fetchone()[0])


@contextmanager
def uncommitted(work: Callable[[], Any]) -> Iterator[None]:
    """`work` is done, and committed when the block ends."""
    with transaction.atomic():
        work()
        yield


@contextmanager
def in_place_of_the_thread(monkeypatch: pytest.MonkeyPatch, most: int) -> Iterator[None]:
    """As in a server process: work beside the requests is left, `most` at a time, until the test
    does it by `background.work_once`."""
    monkeypatch.setattr(background, "_jobs", Queue(maxsize=most))
    monkeypatch.setattr(background, "_asked", set())
    monkeypatch.setattr(background, "_periodic", [])
    monkeypatch.setattr(background, "_DELAY", 0)
    background._is_started.set()
    try:
        yield
    finally:
        background._is_started.clear()
