"""What the tests of the gateway have in common: a request, and a client that sends it."""

import asyncio
from typing import Any

from tests.waiting import PATIENCE

OK = "200 OK"


def scope(*headers: tuple[bytes, bytes], **changes: Any) -> dict[str, Any]:
    return {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "raw_path": b"/",
        "query_string": b"",
        "server": ("127.0.0.1", 8000),
        "client": ("192.0.2.1", 4711),
        "headers": [(b"host", b"example.com"), *headers],
        **changes,
    }


class Client:
    """One that sends these parts and then no more, and keeps what it is sent."""

    def __init__(self, *parts: bytes, is_complete: bool = True) -> None:
        self.sent: list[dict[str, Any]] = []
        self._parts = list(parts)
        self._is_complete = is_complete

    async def receive(self) -> dict[str, Any]:
        if self._parts:
            part = self._parts.pop(0)
            more = bool(self._parts) or not self._is_complete
            return {"type": "http.request", "body": part, "more_body": more}
        await asyncio.sleep(PATIENCE)
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)
