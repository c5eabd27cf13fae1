"""The server process, which `manage.py serve` turns into.

Granian serves; this process starts its workers, replaces those that end, and ends those that do
not answer. It imports what they run, so that they share its memory, and runs none of it: threads
and connections belong to one process. The worker of background tasks is kept beside them: `keeper`.
"""

import gc
import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any

from django.urls import get_resolver
from django.utils.module_loading import import_string
from granian import Granian
from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings
from granian.log import LogLevels

from manage_api.openapi.compact import compact_entry
from manage_api.operations import all_operations
from syteops import settings
from syteops.core.outages import in_one_line
from syteops.env import BASE_DIR
from syteops.server import liveness, stopping
from syteops.server.connections import connections_of_a_worker
from syteops.server.handlers import shared_handler
from syteops.server.keeper import Keeper
from syteops.server.serving import listening_address

log = logging.getLogger("syteops.server")

STARTS_WITHIN = 60.0
"""Seconds that a new worker has to load the application."""

LOOKS_EVERY = 1.0
"""Seconds between two looks at the workers."""

RESPAWN_INTERVAL = 1
"""Seconds between two replacements, so that workers that die at once do not take the machine."""

BUFFER = 65_536
"""Bytes that the server itself keeps of a connection, and so the most that headers may have."""

_WORK = "syteops.server.worker.work"  # by name, as the application: it needs Django set up
_GATEWAY = "syteops.server.gateway.Gateway"


def load_what_workers_share() -> None:
    """Load what Django's setup does not, for the workers that are forked from this process.

    What was loaded is left alone by the garbage collector, which would write to all of it and
    so have each worker copy it.
    """
    get_resolver().url_patterns  # noqa: B018 - it imports what every address leads to
    shared_handler()
    import_string(_WORK)
    import_string(_GATEWAY)
    for one in all_operations():
        compact_entry(one)  # from a description of the whole API, which every worker would hold
    gc.collect()
    gc.freeze()


class Bell:
    """In the place of Granian's event: it is heard once each time that it rings, and never cleared.

    Granian clears its own after it has looked for what there is to do. What came in between was not
    done; and of two workers that ended at once the second rang it for nothing, and so for ever. Nor
    does a signal that comes just when it is heard wait for a lock that its own thread holds.
    """

    def __init__(self) -> None:
        self._rings: SimpleQueue[None] = SimpleQueue()

    def set(self) -> None:
        """Ring."""
        self._rings.put(None)

    def wait(self, timeout: float | None = None) -> bool:
        """Whether it has rung since it was heard last; it is waited for."""
        try:
            self._rings.get(timeout=timeout)
        except Empty:
            return False
        return True

    def clear(self) -> None:
        """Nothing: it was heard."""


class Server(Granian):  # type: ignore[misc, valid-type]
    """Granian, which ends only when it is told, and then tells the worker of background tasks."""

    keeper: Keeper

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.main_loop_interrupt = Bell()

    def _spawn_worker(self, *args: Any, **kwargs: Any) -> Any:
        """A worker that waits, when it is started, until the machine has room for its process, and
        for the thread of this one that hears of its end.
        """
        worker = super()._spawn_worker(*args, **kwargs)
        worker.start = partial(self._start, worker)
        return worker

    def _start(self, worker: Any) -> None:
        for step in (worker.inner.start, worker._watch):
            while not self._is_done(step):
                time.sleep(RESPAWN_INTERVAL)

    def _is_done(self, step: Callable[[], object]) -> bool:
        try:
            step()
        except (OSError, RuntimeError) as error:  # the latter, where it is a thread
            log.error("No worker can be started: %s", in_one_line(error))
            if self.interrupt_signal:
                raise
            return False
        return True

    def signal_handler_interrupt(self, *args: Any, **kwargs: Any) -> None:
        self.keeper.end()
        stopping.tell()
        super().signal_handler_interrupt(*args, **kwargs)

    def _respawn_workers(self, *args: Any, **kwargs: Any) -> None:
        """However often: Granian itself would end when one dies again within a few seconds."""
        super()._respawn_workers(*args, **kwargs)
        self.respawned_wrks.clear()
        time.sleep(RESPAWN_INTERVAL)


class Watchdog:
    """Hears from every worker once a second, and kills one that has not got anywhere for long.

    It also sees that the keeper of the worker of background tasks is replaced.

    Workers say since when they have been at their present request: `liveness`.
    """

    def __init__(self, server: Any, limit: float) -> None:
        self._server, self._limit = server, limit
        self._since: dict[int, float] = {}
        """Since when each is at what it was at, as it has said last."""
        self._looks: dict[int, float] = {}
        """For how many seconds it was looked at since. In steps of our own: whatever stops all of
        us, such as a snapshot of the machine, does not count."""

    def start(self) -> None:
        """Begin to listen, before there are workers."""
        liveness.prepare()
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def _watch(self) -> None:
        while True:
            time.sleep(LOOKS_EVERY)
            self.look()

    def look(self) -> None:
        """Do it once. What fails, such as to replace where no process can be made, is logged."""
        try:
            for process, since in liveness.reports():
                self._hear(process, since)
            for worker in list(self._server.wrks):
                self._judge(worker)
            self._server.keeper.replace()
        except Exception:
            log.exception("The workers cannot be watched.")

    def _hear(self, process: int, since: float) -> None:
        if self._since.get(process) != since:
            self._since[process], self._looks[process] = since, 0

    def _judge(self, worker: Any) -> None:
        process: int | None = worker.inner.pid
        if process is None:
            return
        looks = self._looks.get(process, -STARTS_WITHIN) + LOOKS_EVERY
        self._looks[process] = looks
        if looks > self._limit:
            log.error("Worker %s does not answer: it is replaced.", process)
            worker.inner.kill()  # not by its number, which another process has once it has ended
            self._looks.pop(process, None)


def serve(*, with_worker: bool) -> None:
    """Serve until SIGTERM or SIGINT, and finish the requests and tasks under way.

    Django is set up, and this process has neither a thread nor a connection.
    """
    os.chdir(BASE_DIR)  # the directory that it was started in may be gone
    # Told to end before it serves, it has nothing to finish. Granian has its own way from then on.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    # A worker that is told to end while it loads must not take that for the server's own signal.
    os.register_at_fork(after_in_child=lambda: signal.signal(signal.SIGTERM, signal.SIG_DFL))
    # Python 3.14 would start each worker anew, which then loads all by itself.
    multiprocessing.set_start_method("fork", force=True)
    load_what_workers_share()
    stopping.prepare()
    keeper = Keeper(import_string(_WORK), settings.WORKER_TIMEOUT)
    with ending(keeper):
        if with_worker:
            keeper.start()
        logging.basicConfig(format="{asctime} {levelname} {name} [-] {message}", style="{")
        server = make_server()
        server.keeper = keeper
        Watchdog(server, settings.WORKER_TIMEOUT).start()
        server.serve()


@contextmanager
def ending(keeper: Keeper) -> Iterator[None]:
    """The keeper ends with what is done inside. If that fails, this process ends at once.

    Else it would wait for the workers that are left, and they for it, and nobody for a signal.
    """
    try:
        yield
    except Exception:
        log.exception("The server cannot go on.")
        keeper.wait()
        os._exit(1)
    finally:
        keeper.wait()


def make_server() -> Server:
    """Granian with our settings; not serving yet."""
    return Server(
        "syteops.asgi:application",
        address=listening_address()[1][0],
        port=settings.PORT,
        # Why ASGI, and one thread behind it: docs/performance.md, "Slow clients".
        interface=Interfaces.ASGINL,
        # Proxies speak it to us; HTTP/2 would let one connection hold very many requests.
        http=HTTPModes.http1,
        loop=Loops.asyncio,
        workers=settings.WORKERS,
        backlog=1024,
        backpressure=connections_of_a_worker(),
        http1_settings=HTTP1Settings(
            header_read_timeout=settings.REQUEST_TIMEOUT * 1000,  # milliseconds
            max_buffer_size=BUFFER,
        ),
        respawn_failed_workers=True,
        respawn_interval=RESPAWN_INTERVAL,
        # A worker that hangs must not keep a stop or an update from finishing.
        workers_kill_timeout=20,
        log_level=LogLevels.warning,
        websockets=False,
        working_dir=BASE_DIR,
    )
