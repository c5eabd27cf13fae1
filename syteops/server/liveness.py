"""What a worker does to be found alive, and to end when its server process has ended."""

import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from syteops.env import announced
from syteops.server.connections import UnreadConnections

_GRACE = 5.0  # seconds for the request under way, once the server process is gone

BusySince = Callable[[], float | None]


def start(busy_since: BusySince) -> None:
    """Report to the server process from now on; without one, as under tests, to nobody.

    `busy_since` says since when this worker has been at its present request, on the monotonic
    clock, which all processes share.
    """
    if found := announced():
        port, token, parent = found.split()
        arguments = (busy_since, int(port), token, int(parent))
        threading.Thread(target=_report, args=arguments, name="liveness", daemon=True).start()


def _report(busy_since: BusySince, port: int, token: str, parent: int) -> None:
    unread = UnreadConnections()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        while os.getppid() == parent:
            unread.end()
            since = busy_since() or time.monotonic()
            with suppress(OSError):
                sender.sendto(f"{token} {os.getpid()} {since}".encode(), ("127.0.0.1", port))
            time.sleep(1)
    # Its port must be free for the next server.
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GRACE)
    os._exit(1)
