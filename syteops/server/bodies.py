"""Bodies of requests, read on the event loop: each within a limit and a deadline.

What all of them hold together is bounded too, whatever the number of connections: when it is too
much, the one that began first is given up. Slow ones go like that, and fast ones never notice.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from io import BytesIO
from typing import Any

from manage_api.errors import ApiError, unavailable

Receive = Callable[[], Awaitable[dict[str, Any]]]

MOST_PIECES = 5_000
"""In which a body may come, and one more for each BYTES_OF_A_PIECE that it may have: each takes the
event loop as long, of one byte, too. The network's own have a thousand bytes and more."""
BYTES_OF_A_PIECE = 500


class Body:
    """What has arrived of one body."""

    def __init__(self, seconds: float) -> None:
        self.file = BytesIO()
        self.size = self.pieces = 0
        self.is_given_up = False
        self.deadline = asyncio.timeout(seconds)

    def give_up(self) -> None:
        """Forget what has arrived; whoever waits for more is told."""
        self.file, self.size = BytesIO(), 0
        self.is_given_up = True
        self.deadline.reschedule(asyncio.get_running_loop().time())


class Bodies:
    """All bodies of this process that have not been answered yet: `most` bytes together."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.held = 0
        self._arriving: dict[Body, None] = {}  # those that are not complete, the oldest first

    @asynccontextmanager
    async def reading(self, receive: Receive, limit: int, seconds: float) -> AsyncIterator[Body]:
        """The complete body; it counts until the block ends.

        Raises ApiError for one that is larger than `limit` bytes (payload_too_large), not there
        within `seconds` (request_timeout), broken off or in tiny pieces (parse_error), or given up
        (unavailable).
        """
        body = Body(seconds)
        self._arriving[body] = None
        try:
            await self._read(body, receive, limit)
            self._arriving.pop(body, None)
            body.file.seek(0)
            yield body
        finally:
            self._arriving.pop(body, None)
            self.held -= body.size

    async def _read(self, body: Body, receive: Receive, limit: int) -> None:
        try:
            async with body.deadline:
                is_complete = False
                while not is_complete:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise ApiError("parse_error", "The body broke off.")
                    self._take(body, message["body"], limit)
                    is_complete = not message["more_body"]
        except TimeoutError:
            if not body.is_given_up:
                raise ApiError("request_timeout") from None
        if body.is_given_up:
            raise unavailable()

    def _take(self, body: Body, part: bytes, limit: int) -> None:
        if body.size + len(part) > limit:
            raise payload_too_large(limit)
        body.pieces += 1
        if body.pieces > MOST_PIECES + limit // BYTES_OF_A_PIECE:
            raise ApiError("parse_error", "The body comes in too many pieces. Send larger chunks.")
        body.file.write(part)
        body.size += len(part)
        self.held += len(part)
        while self.held > self.most and self._arriving:
            oldest = next(iter(self._arriving))
            del self._arriving[oldest]
            self.held -= oldest.size
            oldest.give_up()


def payload_too_large(limit: int) -> ApiError:
    """The refusal of a body of more than `limit` bytes."""
    return ApiError("payload_too_large", f"A body has {limit} bytes at most.")
