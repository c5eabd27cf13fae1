"""Two writes of one object: one is just looking whether its precondition holds, the other comes."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Event
from typing import Any

import pytest
from django.db import connection

from manage_api import concurrency
from tests.waiting import PATIENCE

LONG_ENOUGH = 0.4
"""Seconds that no write takes which need not wait."""

Work = Callable[[], Any]


def done_during_check(
    monkeypatch: pytest.MonkeyPatch, careful: Work, other: Work
) -> tuple[bool, Any, Any]:
    """Whether `other` was done between the guarding read and the check; what came of both.

    `careful` is a request with a precondition. Each runs in a thread and a connection of its own.
    """
    has_read, may_go_on = Event(), Event()
    check = concurrency.check_precondition

    def wait_and_check(*args: Any, **named: Any) -> None:
        has_read.set()
        assert may_go_on.wait(PATIENCE)
        check(*args, **named)

    monkeypatch.setattr(concurrency, "check_precondition", wait_and_check)
    with ThreadPoolExecutor(2) as pool:
        try:
            first = pool.submit(_connected, careful)
            assert has_read.wait(PATIENCE)
            second: Future[Any] = pool.submit(_connected, other)
            slipped_in = bool(wait([second], timeout=LONG_ENOUGH).done)
        finally:
            may_go_on.set()
        return slipped_in, first.result(), second.result()


def _connected(work: Work) -> Any:
    try:
        return work()
    finally:
        connection.close()
