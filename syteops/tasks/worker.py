"""A worker: one process with threads for each queue, so that a slow task keeps no other waiting.

The library claims tasks, runs them and stores what became of them, one for each call of its own
worker. This one asks, without a lock, whether there is anything to claim: the library's loop would
take SQLite's one write lock each time. Beside that it is seen to be there, and gives back what
other workers have left.

Every task is run at least once: whoever is killed in the middle of one has it run again.
"""

import logging
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from threading import Event
from time import monotonic

from django.db import DatabaseError, InterfaceError, connections
from django_tasks_db.management.commands.db_worker import Worker as LibraryWorker

from syteops.core.background import fresh_connection, use_script_name
from syteops.core.outages import RETRY_AFTER
from syteops.tasks.presence import BEATS_EVERY, Presence
from syteops.tasks.queries import has_ready, ready_by_queue
from syteops.tasks.services import recover_lost_tasks

log = logging.getLogger(__name__)

LOOKS_EVERY = 0.25
"""Seconds between two looks for tasks, unless a thread gets free before."""

GRACE = 20.0
"""Seconds in which tasks may end once the worker is told to."""

_RECOVERS_EVERY = 3 * BEATS_EVERY


@dataclass(frozen=True)
class _Running:
    """A thread that has claimed a task of a queue, or is about to."""

    queue: str
    future: Future[bool]


class Worker:
    """Runs tasks until told to `end`, or with `once` until none is left.

    Each queue has `threads` threads, so that slow tasks of one keep no other waiting. `has_ended`
    is asked all the time whether there is another reason to end.
    """

    def __init__(
        self, threads: int, *, once: bool = False, has_ended: Callable[[], bool] = lambda: False
    ) -> None:
        self._threads, self._once, self._has_ended = threads, once, has_ended
        self._presence = Presence()
        self._pools: dict[str, ThreadPoolExecutor] = {}
        self._at_work: dict[str, _Running] = {}
        self._numbers = count(1)
        self._is_free = Event()
        self._beats_at = self._recovers_at = self._looks_at = 0.0
        self._is_told = self._has_looked = self._is_away = False

    def end(self) -> None:
        """Begin no further task. For signal handlers: it takes no lock."""
        self._is_told = True

    def run(self) -> bool:
        """Work; whether every task that was begun has ended.

        If not, they are ready again, and the process must end at once: its threads go on.
        """
        self._presence.begin()
        while not self._is_over():
            self._turn(self._live, self._take_off_ended, self._begin_ready)
        return self._finish()

    def _is_over(self) -> bool:
        if self._is_told or self._has_ended():
            return True
        return self._once and self._has_looked and not self._at_work and not has_ready()

    # --- One turn ---

    def _turn(self, *steps: Callable[[], None]) -> None:
        """Do the steps, and wait a moment, or until a thread gets free.

        While the database is away nothing is done, which is said once; with `once` that is the end.
        """
        self._is_free.clear()
        try:
            with fresh_connection():
                for step in steps:
                    step()
        except (DatabaseError, InterfaceError):
            if self._once:
                raise
            if not self._is_away:
                log.exception("The worker cannot get at its tasks.")
            self._is_away = True
            self._is_free.wait(RETRY_AFTER)
        else:
            self._is_away = False
            self._is_free.wait(LOOKS_EVERY)

    def _live(self) -> None:
        now = monotonic()
        if now >= self._beats_at:
            self._presence.beat()
            self._beats_at = now + BEATS_EVERY
        if now >= self._recovers_at:
            recover_lost_tasks(self._presence.id, set(self._at_work))
            self._recovers_at = now + _RECOVERS_EVERY

    def _take_off_ended(self) -> None:
        ended = [claim for claim, one in self._at_work.items() if one.future.done()]
        failed = [claim for claim in ended if not self._at_work.pop(claim).future.result()]
        if failed:
            self._looks_at = monotonic() + RETRY_AFTER
            self._is_told |= self._once

    def _begin_ready(self) -> None:
        """Begin as many tasks of each queue as are ready and as it has threads for."""
        if monotonic() < self._looks_at:
            return
        self._has_looked = True
        busy = Counter(one.queue for one in self._at_work.values())
        for queue, ready in ready_by_queue().items():
            for _ in range(min(ready, self._threads - busy[queue])):
                self._begin(queue)

    def _begin(self, queue: str) -> None:
        claim = f"{self._presence.id}:{next(self._numbers)}"
        if queue not in self._pools:
            self._pools[queue] = ThreadPoolExecutor(
                self._threads, thread_name_prefix=f"task-{queue}", initializer=use_script_name
            )
        future = self._pools[queue].submit(run_one, claim, queue)
        self._at_work[claim] = _Running(queue, future)
        future.add_done_callback(lambda _: self._is_free.set())

    # --- The end ---

    def _finish(self) -> bool:
        deadline = monotonic() + GRACE
        while self._at_work and monotonic() < deadline:
            self._turn(self._live, self._take_off_ended)
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)
        try:
            with fresh_connection():
                recover_lost_tasks(self._presence.id)
                self._presence.end()
        except (DatabaseError, InterfaceError):
            log.exception("The worker cannot say that it ends: others will notice.")
        return not self._at_work


def run_one(claim: str, queue: str) -> bool:
    """Claim the task of the queue that is next, and run it; False if that failed, which is logged.

    A task that fails is no failure here: the library keeps its exception, and logs it.
    """
    worker = LibraryWorker(
        queue_names=[queue],
        excluded_queue_names=[],
        interval=0,
        batch=True,
        backend_name="default",
        startup_delay=False,
        max_tasks=1,
        worker_id=claim,
    )
    try:
        worker.run()
    except Exception:
        log.exception("A task could not be claimed, or its result could not be stored.")
        return False
    finally:
        connections.close_all()  # a thread without work holds none
    return True
