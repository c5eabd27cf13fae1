"""What a worker does to be found alive, and to end when its server process has ended.

It says since when it has been at its present request, through a pipe that it has from its server
process: nobody else can write there, and it takes no memory or file that could fail to be had.
"""

import os
import signal
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

from syteops.server.connections import UnreadConnections

_GRACE = 5.0  # seconds for the request under way, once the server process is gone
_REPORT = struct.Struct("=qd")  # a process, and since when
_ROOM = 65_536  # what a pipe holds: the reports of many more workers than there are

BusySince = Callable[[], float | None]

_pipe: tuple[int, int] | None = None
_server = 0


def prepare() -> None:
    """Open the pipe, before workers are forked from this process."""
    global _pipe, _server
    _pipe, _server = os.pipe(), os.getpid()
    for end in _pipe:
        os.set_blocking(end, False)


def reports() -> Iterator[tuple[int, float]]:
    """What workers have said since this was asked last: each its number, and since when."""
    with suppress(BlockingIOError):
        if _pipe:
            yield from _REPORT.iter_unpack(os.read(_pipe[0], _ROOM))


def start(busy_since: BusySince) -> None:
    """Report to the server process from now on; without one, as under tests, to nobody.

    `busy_since` says since when this worker has been at its present request, on the monotonic
    clock, which all processes share.
    """
    if _pipe:
        threading.Thread(target=_report, args=(busy_since,), name="liveness", daemon=True).start()


def tell(since: float) -> None:
    """Report once. Where there is no room nothing is said: the server has not listened for long."""
    if _pipe:
        with suppress(OSError):
            os.write(_pipe[1], _REPORT.pack(os.getpid(), since))


def _report(busy_since: BusySince) -> None:
    unread = UnreadConnections()
    while os.getppid() == _server:
        unread.end()
        tell(busy_since() or time.monotonic())
        time.sleep(1)
    # Its port must be free for the next server.
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GRACE)
    os._exit(1)
