"""What a worker does to be found alive, and to end when its server process has ended."""

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from syteops.env import announced

_GRACE = 5.0  # seconds for the request under way, once the server process is gone

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


class Reporting:
    """The application, while it is known since when it has been at its present request."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._busy_since: float | None = None  # on the monotonic clock, which all processes share

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        self._busy_since = time.monotonic()
        try:
            return self._application(environ, start_response)
        finally:
            self._busy_since = None

    def start(self) -> None:
        """Report to the server process from now on; without one, as under tests, to nobody."""
        if found := announced():
            port, token, parent = found.split()
            arguments = (int(port), token, int(parent))
            threading.Thread(
                target=self._report, args=arguments, name="liveness", daemon=True
            ).start()

    def _report(self, port: int, token: str, parent: int) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            while os.getppid() == parent:
                since = self._busy_since or time.monotonic()
                with suppress(OSError):
                    sender.sendto(f"{token} {os.getpid()} {since}".encode(), ("127.0.0.1", port))
                time.sleep(1)
        # Its port must be free for the next server.
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(_GRACE)
        os._exit(1)
