"""Whoever waits for events: told on the event loop, asked for in a thread beside it.

Only while somebody waits, one short query every so often looks for the newest event; it costs the
same for one who waits as for hundreds.
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from time import monotonic, sleep

from syteops.core.background import fresh_connection
from syteops.core.waiting import Wait
from syteops.events.queries import newest_id
from syteops.server.stopping import until_told

log = logging.getLogger(__name__)

ASKED_EVERY = 0.2
"""Seconds between two looks for news."""
MOST_WAITING = 500
"""How many may wait in a process. Those beyond are answered at once, and may come again."""


class News:
    """Keeps those who wait for an event that they have not seen."""

    def __init__(self, newest: Callable[[], int] = newest_id) -> None:
        self._newest = newest
        self._waiting: dict[asyncio.Future[None], int] = {}
        self._is_wanted = threading.Event()
        self._thread: threading.Thread | None = None
        self._end: asyncio.Future[None] | None = None

    async def wait(self, wanted: Wait, gone: "asyncio.Future[None]") -> float | None:
        """Wait for an event behind the last one seen; the seconds that are left of that time.

        None where there is no point in asking again: nothing came, whoever asked is `gone`, or
        the server ends.
        """
        self._end = self._end or until_told()
        if len(self._waiting) >= MOST_WAITING:
            return None
        until = monotonic() + wanted.seconds
        told = asyncio.get_running_loop().create_future()
        self._waiting[told] = wanted.seen
        try:
            self._look()
            waits_for = (told, gone, self._end)
            await asyncio.wait(waits_for, timeout=wanted.seconds, return_when="FIRST_COMPLETED")
            return max(until - monotonic(), 0.0) if told.done() and not gone.done() else None
        finally:
            del self._waiting[told]

    def _look(self) -> None:
        self._is_wanted.set()
        if self._thread is None:
            loop = asyncio.get_running_loop()
            self._thread = threading.Thread(
                target=self._look_for_ever, args=(loop,), name="news", daemon=True
            )
            self._thread.start()

    def _look_for_ever(self, loop: asyncio.AbstractEventLoop) -> None:
        while True:
            self._is_wanted.wait()
            try:
                with fresh_connection():
                    newest = self._newest()
            except Exception as error:  # noqa: BLE001 - during an outage all of them wait on
                log.warning("Cannot look for events: %s", error)
            else:
                with suppress(RuntimeError):  # the loop has ended
                    loop.call_soon_threadsafe(self._tell, newest)
            sleep(ASKED_EVERY)

    def _tell(self, newest: int) -> None:
        for told, seen in self._waiting.items():
            if newest > seen and not told.done():
                told.set_result(None)
        if not self._waiting:
            self._is_wanted.clear()
