"""Whoever waits for events: told on the event loop, asked for in a thread beside it.

Only while somebody waits, one short query every so often looks for new events; it costs the same
for one who waits as for hundreds. Nobody is asked for again over an event that he does not want:
else whoever may wait makes each change cost an answer for every request that he keeps open.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Any

from syteops.core.background import fresh_connection
from syteops.core.waiting import Wait
from syteops.events.queries import events_behind
from syteops.server.stopping import until_told

log = logging.getLogger(__name__)

ASKED_EVERY = 0.2
"""Seconds between two looks for news."""
MOST_WAITING = 500
"""How many may wait in a process. Those beyond are answered at once, and may come again."""
MOST_OF_ONE = 25
"""How many of one caller: whoever has a key leaves room for others, and the thread to them."""


@dataclass
class _Waiting:
    """A request of `who`, and up to which event it is known that there is nothing for it."""

    who: str
    seen: int
    wants: Callable[[Any], bool]


class News:
    """Keeps those who wait for an event that they have not seen.

    `behind` gives the first events behind an id, in order.
    """

    def __init__(self, behind: Callable[[int], Sequence[Any]] = events_behind) -> None:
        self._behind = behind
        self._waiting: dict[asyncio.Future[None], _Waiting] = {}
        self._from = 0
        self._is_wanted = threading.Event()
        self._thread: threading.Thread | None = None
        self._end: asyncio.Future[None] | None = None

    async def wait(self, wanted: Wait, gone: "asyncio.Future[None]") -> float | None:
        """Wait for such an event; the seconds that are left of that time.

        None where there is no point in asking again: nothing came, whoever asked is `gone`, too
        many wait already, or the server ends.
        """
        self._end = self._end or until_told()
        if not self._has_room_for(wanted.who):
            return None
        until = monotonic() + wanted.seconds
        told = asyncio.get_running_loop().create_future()
        self._from = min(self._from, wanted.seen) if self._waiting else wanted.seen
        self._waiting[told] = _Waiting(wanted.who, wanted.seen, wanted.wants)
        try:
            self._look()
            waits_for = (told, gone, self._end)
            await asyncio.wait(waits_for, timeout=wanted.seconds, return_when="FIRST_COMPLETED")
            return max(until - monotonic(), 0.0) if told.done() and not gone.done() else None
        finally:
            del self._waiting[told]

    def _has_room_for(self, who: str) -> bool:
        of_one = sum(one.who == who for one in self._waiting.values())
        return of_one < MOST_OF_ONE and len(self._waiting) < MOST_WAITING

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
            place = self._from
            try:
                with fresh_connection():
                    events = self._behind(place)
            except Exception as error:  # noqa: BLE001 - during an outage all of them wait on
                log.warning("Cannot look for events: %s", error)
            else:
                with suppress(RuntimeError):  # the loop has ended
                    loop.call_soon_threadsafe(self._tell, place, events)
            sleep(ASKED_EVERY)

    def _tell(self, place: int, events: Sequence[Any]) -> None:
        """Tell those who want one of the events, which are all up to the last of them."""
        for told, one in self._waiting.items() if events else ():
            if one.seen < place:  # came meanwhile: the next look begins with what is new to him
                continue
            if not told.done() and any(e.id > one.seen and one.wants(e) for e in events):
                told.set_result(None)
            one.seen = max(one.seen, events[-1].id)
        self._from = min((one.seen for one in self._waiting.values()), default=0)
        if not self._waiting:
            self._is_wanted.clear()
