"""Large and streamed answers on their way, sent on the event loop as their clients take them.

How many there are, and what they hold together, is bounded: when it is too much, the one that began
first is given up, in the middle, which its length tells the client. Slow ones go like that, and
fast ones never notice.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

Send = Callable[[dict[str, Any]], Awaitable[None]]

PIECE = 64 * 1024
"""Bytes that are sent at once, and that the server keeps beside for a client that reads none."""


class _Sending:
    """One answer that has not been taken yet."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.is_given_up = False
        self.deadline = asyncio.timeout(None)

    def give_up(self) -> None:
        self.is_given_up = True
        self.deadline.reschedule(asyncio.get_running_loop().time())


class Answers:
    """All such answers of this process: `most` bytes and `most_at_once` together, or one."""

    def __init__(self, most: int, most_at_once: int) -> None:
        self.most, self.most_at_once = most, most_at_once
        self.held = 0
        self._sending: dict[_Sending, None] = {}  # the oldest first

    async def send(self, send: Send, whole: bytes) -> None:
        """Send the body of an answer, or as much of it as is taken before others need the room."""
        if len(whole) <= PIECE:
            await send({"type": "http.response.body", "body": whole, "more_body": False})
            return
        async with self.sending(len(whole)):
            await _send_in_pieces(send, whole)

    @asynccontextmanager
    async def sending(self, size: int) -> AsyncIterator[None]:
        """Send within it an answer that holds so much. It ends early when others need the room."""
        one = self._begin(size)
        try:
            async with one.deadline:
                yield
        except TimeoutError:
            if not one.is_given_up:
                raise
        finally:
            self._end(one)

    def _begin(self, size: int) -> _Sending:
        one = _Sending(size)
        self._sending[one] = None
        self.held += size
        while len(self._sending) > 1 and (
            self.held > self.most or len(self._sending) > self.most_at_once
        ):
            oldest = next(iter(self._sending))
            self._end(oldest)
            oldest.give_up()
        return one

    def _end(self, one: _Sending) -> None:
        if one in self._sending:
            del self._sending[one]
            self.held -= one.size


async def _send_in_pieces(send: Send, whole: bytes) -> None:
    for at in range(0, len(whole), PIECE):
        piece, is_more = whole[at : at + PIECE], at + PIECE < len(whole)
        await send({"type": "http.response.body", "body": piece, "more_body": is_more})
