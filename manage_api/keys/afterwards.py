"""What a request leaves to be written after its answer, so that nobody can time the writing."""

import logging
import threading
from collections.abc import Callable
from queue import Full, Queue
from time import sleep

from django.db import connection

log = logging.getLogger(__name__)

Job = Callable[[], object]

_DELAY = 0.05  # seconds, in which the answer gets away
_jobs: Queue[Job] = Queue(maxsize=1000)
_is_started = threading.Event()


def after_answer(job: Job) -> None:
    """Have this process's thread do `job` soon; where none runs (commands, tests), at once.

    When it cannot keep up, further jobs are dropped rather than kept in ever more memory.
    """
    if not _is_started.is_set():
        job()
        return
    try:
        _jobs.put_nowait(job)
    except Full:
        log.warning("Too much is left to be written: something was dropped.")


def start_working() -> None:
    """Start this process's thread. The server's application calls it; commands and tests do not."""
    threading.Thread(target=_work_for_ever, name="after-answers", daemon=True).start()
    _is_started.set()


def _work_for_ever() -> None:
    while True:
        job = _jobs.get()
        sleep(_DELAY)
        _do(job)
        while not _jobs.empty():
            _do(_jobs.get())


def _do(job: Job) -> None:
    try:
        job()
    except Exception:
        log.exception("What a request had left to be written could not be written.")
        connection.close()
