"""What a worker process does: the site's tasks, and its jobs that are due every so often."""

import os
import signal
from collections.abc import Callable

from django.conf import settings
from django.db import connections

from syteops.audit import chain
from syteops.core import background
from syteops.core.postgresql.base import DatabaseWrapper
from syteops.core.sqlite.base import DatabaseWrapper as SqliteWrapper
from syteops.deliveries.sending import start_turns
from syteops.events.publishing import publish
from syteops.integrations.startup import LOOKED_EVERY, follow_enabled
from syteops.server import housekeeping
from syteops.tasks.worker import LOOKS_EVERY, Worker

PERIODIC: list[tuple[float, background.Job]] = [
    (housekeeping.ASKED_EVERY, housekeeping.run_if_due),
    (LOOKS_EVERY, publish),
    (LOOKS_EVERY, start_turns),
    (1.0, chain.seal_left),
    (LOOKED_EVERY, follow_enabled),
]
"""Every how many seconds, and what. Each has a thread of its own, in every worker of the site."""


def work(has_ended: Callable[[], bool] = lambda: False) -> bool:
    """Work until SIGTERM, or until `has_ended`; whether every task that was begun has ended.

    The process must end right afterwards, by `leave`. A second signal ends it at once.
    """
    DatabaseWrapper.patience = settings.DATABASE_TIMEOUT
    SqliteWrapper.may_create = False
    worker = Worker(settings.TASK_THREADS, has_ended=has_ended)
    _end_on_signals(worker)
    follow_enabled()
    for seconds, job in PERIODIC:
        background.every(seconds, job)
    background.start_each()
    return worker.run()


def work_once() -> None:
    """Run every task that is ready, and those that they enqueue. Signals end it, too."""
    worker = Worker(settings.TASK_THREADS, once=True)
    _end_on_signals(worker)
    worker.run()


def leave(code: int) -> None:
    """End this process, whatever its threads are at. What they hold ends with it."""
    connections.close_all()
    os._exit(code)


def _end_on_signals(worker: Worker) -> None:
    told: list[int] = []

    def end(number: int, frame: object) -> None:
        if told:
            os._exit(1)
        told.append(number)
        worker.end()

    for one in (signal.SIGTERM, signal.SIGINT):
        if signal.getsignal(one) is not signal.SIG_IGN:
            signal.signal(one, end)
