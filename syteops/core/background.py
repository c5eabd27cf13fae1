"""Background work within a process, in threads with a database connection of their own.

Two kinds of work: what a request leaves to be done after its answer, so that nobody can time it,
and what is due every so often. A server process has one thread for both. A worker process has one
for each job that is due every so often. Where none runs (commands, tests), the first kind is done
at once and the second not at all.

What must be done whatever becomes of this process is a task: see `syteops.core.tasks`.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from queue import Empty, Full, Queue
from time import monotonic, sleep

from django.conf import settings
from django.db import close_old_connections, connection, connections
from django.urls import set_script_prefix

from syteops.core.outages import RETRY_AFTER
from syteops.core.postgresql.base import DatabaseWrapper as PostgresqlWrapper
from syteops.core.sqlite.base import DatabaseWrapper as SqliteWrapper

log = logging.getLogger(__name__)

Job = Callable[[], object]

_DELAY = 0.05  # seconds, in which the answer gets away
_PATIENCE = 600.0  # seconds for one statement, such as the removal of very many old entries
_LONGEST_LOG = 1000  # pages: long before a request would have to see to it


@dataclass
class Periodic:
    """A job that is due every `seconds`, the next time at `due` (on the monotonic clock)."""

    seconds: float
    job: Job
    due: float


_jobs: Queue[Job] = Queue(maxsize=1000)
_asked: set[Job] = set()
_periodic: list[Periodic] = []
_is_started = threading.Event()


def after_answer(job: Job) -> None:
    """Have this process's thread do `job` soon; where none runs, do it at once.

    When it cannot keep up, further jobs are dropped rather than kept in ever more memory.
    """
    if _is_started.is_set():
        _leave(job)
    else:
        job()


def after_answers(job: Job) -> None:
    """The same, once for all who ask for that job until it begins."""
    if not _is_started.is_set():
        job()
    elif job not in _asked:
        _asked.add(job)
        if not _leave(partial(_do_asked, job)):
            _asked.discard(job)


def _do_asked(job: Job) -> None:
    _asked.discard(job)  # whoever asks from now on may have done what it does not see
    job()


def _leave(job: Job) -> bool:
    try:
        _jobs.put_nowait(job)
    except Full:
        log.warning("Too much is left to be done: something was dropped.")
        return False
    return True


def every(seconds: float, job: Job) -> None:
    """Have this process's thread do `job` that often, the first time after `seconds`."""
    _periodic.append(Periodic(seconds, job, monotonic() + seconds))


def is_running() -> bool:
    """Whether this process has its thread."""
    return _is_started.is_set()


def start() -> None:
    """Start this process's thread. The server's application calls it; commands and tests do not."""
    threading.Thread(target=_work_for_ever, name="background", daemon=True).start()
    _is_started.set()


def start_each() -> None:
    """Start a thread for each job that is due every so often. A worker process calls it.

    There a job may take minutes, and keeps no other waiting.
    """
    for one in _periodic:
        threading.Thread(target=_repeat_for_ever, args=(one,), name="periodic", daemon=True).start()


def use_script_name() -> None:
    """Have the addresses that this thread makes begin with SCRIPT_NAME.

    Django keeps that for each thread, and sets it for commands and requests alone.
    """
    set_script_prefix(settings.FORCE_SCRIPT_NAME or "/")


def _work_for_ever() -> None:
    _prepare()
    while True:
        work_once()


def _repeat_for_ever(one: Periodic) -> None:
    _prepare()
    while True:
        sleep(max(0.0, one.due - monotonic()))
        is_done = _do(one.job)
        one.due = monotonic() + (one.seconds if is_done else max(one.seconds, RETRY_AFTER))


def _prepare() -> None:
    use_script_name()
    own = connections["default"]
    if isinstance(own, PostgresqlWrapper):
        own.patience = _PATIENCE
    if isinstance(own, SqliteWrapper):
        own.longest_log = _LONGEST_LOG


def work_once() -> None:
    """Wait until something is to be done, and do it."""
    try:
        job = _jobs.get(timeout=_seconds_until_due())
    except Empty:
        pass
    else:
        sleep(_DELAY)
        _do(job)
    for one in _periodic:
        if one.due <= monotonic():
            one.due = monotonic() + one.seconds
            _do(one.job)


def _seconds_until_due() -> float | None:
    """None where nothing will ever be due."""
    due = min((one.due for one in _periodic), default=None)
    return None if due is None else max(0.0, due - monotonic())


def _do(job: Job) -> bool:
    """Whether it was done. A failure is logged, and no reason to stop."""
    try:
        with fresh_connection():
            job()
    except Exception:
        log.exception("Background work failed.")
        return False
    return True


@contextmanager
def fresh_connection() -> Iterator[None]:
    """Work whose database connection is tested before, and closed if the work fails.

    Requests have that from Django. What runs beside them would keep a dead connection for ever.
    """
    if not connection.in_atomic_block:
        close_old_connections()
    try:
        yield
    except Exception:
        if not connection.in_atomic_block:
            connection.close()
        raise
