"""Large answers on their way, sent on the event loop as their clients take them.

What all of them hold together is bounded, whatever the number of connections: when it is too much,
the one that began first is given up, in the middle, which its length tells the client. Slow ones go
like that, and fast ones never notice.
"""

import asyncio
from collections.abc import Awaitable, Callable
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
    """All large answers of this process that are being sent: `most` bytes together, or one."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.held = 0
        self._sending: dict[_Sending, None] = {}  # the oldest first

    async def send(self, send: Send, whole: bytes) -> None:
        """Send the body of an answer, or as much of it as is taken before others need the room."""
        if len(whole) <= PIECE:
            await send({"type": "http.response.body", "body": whole, "more_body": False})
            return
        one = self._begin(len(whole))
        try:
            async with one.deadline:
                await _send_in_pieces(send, whole)
        except TimeoutError:
            if not one.is_given_up:
                raise
        finally:
            self._end(one)

    def _begin(self, size: int) -> _Sending:
        one = _Sending(size)
        self._sending[one] = None
        self.held += size
        while self.held > self.most and len(self._sending) > 1:
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
