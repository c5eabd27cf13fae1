"""Keeps a worker running beside the server: a small process of its own between the two.

It is forked before the server has threads, sockets or connections, and so is each worker that it
starts. All share the memory of what the server process has loaded. Only one that replaces a keeper
that was killed inherits the server's socket, as the server's own workers do when they are replaced.
"""

import logging
import mmap
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Lock

log = logging.getLogger("syteops.server")

SHORTEST, LONGEST = 1.0, 30.0
"""Seconds before a worker that has ended is replaced: twice as many each time."""

STEADY = 60.0
"""Seconds after which a worker counts as one that works."""

_GRACE = 25.0  # seconds: what the worker gives its tasks, and some more
_ORPHAN_GRACE = 5.0  # seconds: the files and the port must be free for the next server
_STARTS_WITHIN = 60.0  # seconds more, for the first time
_STEP = 0.2  # seconds


Work = Callable[[Callable[[], bool]], bool]
"""What a worker does until it is told to end, or what it is given says so: `worker.work`."""


class Keeper:
    """The process that keeps the worker, as the server process sees it.

    A worker that has not asked for `limit` seconds whether it is to end is replaced.
    """

    def __init__(self, work: Work, limit: float) -> None:
        self._work, self._limit, self._process, self._silent = work, limit, 0, 0
        self._is_kept = self._is_over = False
        self._beat = mmap.mmap(-1, 1)  # shared with the keeper, which writes there as it lives
        self._replacing = Lock()

    def start(self) -> None:
        """Fork it. To be called before this process has any thread, the first time."""
        self._is_kept, self._silent = True, 0
        watch = partial(_Watch, os.getpid(), self._beat, self._work, self._limit)
        self._process = _fork("syteops-keeper", lambda: watch().keep())

    def replace(self) -> None:
        """Fork another one if it has ended though nobody told it to; its worker ends by itself.

        To be called once a second: one that has not got anywhere for `limit` of these is ended.
        Raises OSError where no process can be made, and may be called again.
        """
        with self._replacing:
            if self._is_over or not self._is_kept:
                return
            if self._process:
                self._silent = 0 if self._beat[0] else self._silent + 1
                self._beat[0] = 0
                if self._silent > self._limit:
                    os.kill(self._process, signal.SIGKILL)
                if (status := _ended(self._process)) is None:
                    return
                log.error("The keeper of the worker ended (%s): it is replaced.", status)
                self._process = 0
            self.start()

    def end(self) -> None:
        """Tell it to end, with its worker. For signal handlers, and any number of times."""
        self._is_over = True
        if self._process:
            with suppress(ProcessLookupError):
                os.kill(self._process, signal.SIGTERM)

    def wait(self) -> None:
        """Returns once it has ended, after its worker's grace at the latest."""
        self.end()
        with self._replacing:  # what was forked at this very moment was not told yet
            self.end()
            if self._process:
                with suppress(ChildProcessError):
                    _wait_for(self._process, _GRACE + _ORPHAN_GRACE)
                self._process = 0


class _Watch:
    """What the keeping process does until it is told to end, or its server is gone."""

    def __init__(self, server: int, own_beat: mmap.mmap, work: Work, limit: float) -> None:
        self._server, self._own_beat = server, own_beat
        self._work, self._limit, self._is_told = work, limit, False
        self._beat = mmap.mmap(-1, 1)  # shared with the worker, which writes there as it lives
        signal.signal(signal.SIGTERM, self._tell)
        # Ctrl-C reaches all processes: the server hears it and tells us.
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def _tell(self, number: int, frame: object) -> None:
        self._is_told = True

    def _is_orphan(self) -> bool:
        self._own_beat[0] = 1  # every step comes here
        return os.getppid() != self._server

    def _is_over(self) -> bool:
        return self._is_told or self._is_orphan()

    def keep(self) -> int:
        pause = SHORTEST
        while not self._is_over():
            began = time.monotonic()
            status = self._run_one()
            if self._is_over():
                break
            pause = SHORTEST if time.monotonic() - began > STEADY else pause
            log.error("The worker ended (%s): the next one begins in %d seconds.", status, pause)
            self._sleep(pause)
            pause = min(2 * pause, LONGEST)
        return 0

    def _run_one(self) -> int:
        """One worker, to its end; its exit code, or minus the signal that killed it."""
        self._beat[0] = 0
        process, silent = _fork("syteops-worker", self._worker(os.getpid())), -_STARTS_WITHIN
        while (status := _ended(process)) is None and not self._is_over():
            time.sleep(_STEP)
            # In steps of our own: whatever stops all of us, such as a snapshot, does not count.
            silent = 0.0 if self._beat[0] else silent + _STEP
            self._beat[0] = 0
            if silent > self._limit:
                log.error("The worker does not answer: it is replaced.")
                status = _kill(process)
                break
        return self._end(process) if status is None else status

    def _worker(self, keeper: int) -> Callable[[], int]:
        def has_ended() -> bool:
            self._beat[0] = 1
            return os.getppid() != keeper

        return lambda: 0 if self._work(has_ended) else 1

    def _end(self, process: int) -> int:
        os.kill(process, signal.SIGTERM)
        grace = _ORPHAN_GRACE if self._is_orphan() else _GRACE
        deadline = time.monotonic() + grace
        while (status := _ended(process)) is None and time.monotonic() < deadline:
            time.sleep(_STEP)
            if self._is_orphan():
                deadline = min(deadline, time.monotonic() + _ORPHAN_GRACE)
        return _kill(process) if status is None else status

    def _sleep(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self._is_over():
            time.sleep(_STEP)


def _ended(process: int) -> int | None:
    found, status = os.waitpid(process, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if found else None


def _kill(process: int) -> int:
    os.kill(process, signal.SIGKILL)
    _, status = os.waitpid(process, 0)
    return os.waitstatus_to_exitcode(status)


def _wait_for(process: int, seconds: float) -> None:
    """Returns once it has ended, or was killed because that took longer: it may be stopped."""
    deadline = time.monotonic() + seconds
    while _ended(process) is None:
        if time.monotonic() > deadline:
            _kill(process)
            return
        time.sleep(_STEP)


def _fork(name: str, run: Callable[[], int]) -> int:
    """A child that does `run` and ends with its result, and never gets beyond this."""
    # One that comes before the child runs Python's own after-fork steps would be lost in them.
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    try:
        process = os.fork()
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
    if process:
        return process
    code = 1
    try:
        with suppress(OSError):
            Path("/proc/self/comm").write_text(name)  # for `ps`
        code = run()
    except BaseException:
        log.exception("%s failed.", name)
    finally:
        os._exit(code)
