"""TLS whose every step looks at a clock.

OpenSSL that reads from a socket by itself goes on for as long as something comes: a handshake that
never ends kept a thread for ever. Here it is handed what has come, piece by piece.
"""

from collections.abc import Callable
from functools import partial
from ssl import (
    MemoryBIO,
    SSLContext,
    SSLEOFError,
    SSLError,
    SSLWantReadError,
    SSLZeroReturnError,
)
from typing import Any, TypeVar

import httpcore

T = TypeVar("T")
_PIECE = 16_384


class TlsStream(httpcore.NetworkStream):
    """A connection over `inner`, shaken hands. `left` gives the seconds that are left.

    Raises what `left` does, and what httpcore's own streams do.
    """

    def __init__(
        self,
        inner: httpcore.NetworkStream,
        context: SSLContext,
        host: str | None,
        left: Callable[[], float],
    ) -> None:
        self._inner, self._left = inner, left
        self._came, self._goes = MemoryBIO(), MemoryBIO()
        self._tls = context.wrap_bio(self._came, self._goes, server_hostname=host)
        try:
            self._do(self._tls.do_handshake)
        except SSLError as error:
            raise httpcore.ConnectError(str(error)) from error

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            return self._do(partial(self._tls.read, max_bytes))
        except (SSLZeroReturnError, SSLEOFError):
            return b""  # as it is of sockets: HTTP tells whether it is whole
        except SSLError as error:
            raise httpcore.ReadError(str(error)) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        try:
            for start in range(0, len(buffer), _PIECE):
                self._do(partial(self._tls.write, buffer[start : start + _PIECE]))
        except SSLError as error:
            raise httpcore.WriteError(str(error)) from error

    def close(self) -> None:
        self._inner.close()

    def get_extra_info(self, info: str) -> Any:
        return self._tls if info == "ssl_object" else self._inner.get_extra_info(info)

    def _do(self, step: Callable[[], T]) -> T:
        """What the step answers, once enough has come for it."""
        while True:
            try:
                done = step()
            except SSLWantReadError:
                self._send()
                self._receive()
            except SSLError:
                self._send()  # the alert that says why
                raise
            else:
                self._send()
                return done

    def _send(self) -> None:
        if self._goes.pending:
            self._inner.write(self._goes.read(), self._left())

    def _receive(self) -> None:
        if came := self._inner.read(_PIECE, self._left()):
            self._came.write(came)
        else:
            self._came.write_eof()
