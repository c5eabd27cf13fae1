"""The one client for all that leaves: never into our own network, never redirected, never for long.

An address as written is judged when it is stored, and here again. Its name is resolved once, the
answer is judged, and exactly that IP address is connected to, so a name that changes its mind
between check and use (DNS rebinding) gains nothing. Proxies of the environment are not used: they
would resolve the name out of our sight.
"""

import socket
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from queue import Empty, SimpleQueue
from ssl import SSLContext
from threading import Thread
from typing import Any

import httpcore
from django.conf import settings

from syteops import __version__
from syteops.core.errors import DomainError
from syteops.core.tls import TlsStream
from syteops.lib.urls import is_public, origin_of, plain_host, problem_of

SECONDS = 10.0
USER_AGENT = f"SyteOps/{__version__}"
_NO_ANSWER = "The address cannot be reached, or does not answer in time."
_BROKEN = (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException)
_CHUNK = 16_384
_MOST_BESIDE = 1 << 17
"""Bytes of an answer beside what is wanted of its body: any number of heads can come before the one
that counts (RFC 9110, section 15.2), and to read them takes a processor as long as they come."""
MOST_PIECES = 50_000
"""In which a body is sent: each takes a processor as long, be it a single byte."""


@dataclass(frozen=True)
class Answer:
    """What was answered: of the body as much as was wanted. Names of headers are in lower case.

    `left` names those of several receivers who have not taken it, and may later; the others have.
    """

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    left: tuple[str, ...] = field(default=(), repr=False)

    @property
    def is_success(self) -> bool:
        """Whether the receiver has taken it (2xx)."""
        return 200 <= self.status < 300


class OutboundFailed(DomainError):
    """There is no answer. Tells neither the address nor what was sent, and of ports nothing.

    `sent` tells whether the other side may have got the request all the same.
    """

    def __init__(self, detail: str, *, sent: bool = False) -> None:
        super().__init__(detail)
        self.sent = sent


class SilentLately(Exception):
    """Whoever asks is in a hurry, and the address let somebody wait lately: nothing was sent."""


SILENT_FOR = 60.0
"""Seconds in which nobody in a hurry waits for an address that let somebody wait in vain."""
_MOST_SILENT = 1000
_silent: dict[Any, float] = {}
_hurries: ContextVar[bool] = ContextVar("hurries", default=False)


@contextmanager
def in_a_hurry(hurries: bool) -> Iterator[None]:
    """Meanwhile `exchange` raises SilentLately in place of waiting for who was silent lately."""
    token = _hurries.set(hurries)
    try:
        yield
    finally:
        _hurries.reset(token)


def url_problem(url: str) -> str:
    """What is wrong with an address to send to, under this site's settings; "" if nothing."""
    return problem_of(url, allow_private=_may_be_private(url))


def is_allowed_private(url: str) -> bool:
    """Whether the site's settings name the origin of this address as one of its own network."""
    return origin_of(url) in (origin_of(one) for one in settings.ALLOWED_PRIVATE_ORIGINS)


def post(url: str, body: bytes, headers: Mapping[str, str] | None = None, **how: Any) -> Answer:
    """As `exchange` does it, by POST."""
    return exchange("POST", url, body, headers, **how)


def exchange(
    method: str,
    url: str,
    body: bytes,
    headers: Mapping[str, str] | None = None,
    *,
    seconds: float = SECONDS,
    most_bytes: int = 0,
    beginning: int = 0,
) -> Answer:
    """The answer to `body`, sent as JSON unless the headers say otherwise, whatever its status.

    All of it takes `seconds` at most, from resolving the name to the answer's last byte; a larger
    answer than `most_bytes` fails, and with 0 it is not read. With `beginning`, so many bytes of it
    are read, whatever becomes of the rest. Raises OutboundFailed.
    """
    target = _target(url)
    _refuse_silent(url)
    network = _Network(time.monotonic() + seconds, _MOST_BESIDE, private=_may_be_private(url))
    sent = _headers_to(target.netloc.decode("ascii"), headers or {})
    place = httpcore.URL(
        scheme=target.raw_scheme, host=target.raw_host, port=target.port, target=target.raw_path
    )
    try:
        with (
            httpcore.ConnectionPool(ssl_context=_trust(), network_backend=network) as pool,
            pool.stream(method, place, headers=sent, content=body) as response,
        ):
            _silent.pop(origin_of(url), None)
            network.most += max(most_bytes, beginning)
            chunks = response.iter_stream()
            read = _read_beginning(chunks, beginning) if beginning else _read(chunks, most_bytes)
            return Answer(response.status, read, _texts(response.headers))
    except _BROKEN as error:
        _note_silence(url, error)
        # Not the cause: it may show the address, or the headers.
        raise OutboundFailed(_NO_ANSWER, sent=network.sent) from None


def _target(url: str) -> Any:
    """The address in its parts. Raises OutboundFailed for one that nothing may be sent to."""
    import httpx  # here, for the sake of starts: few commands send anything

    if problem := url_problem(url):
        raise OutboundFailed(problem)
    try:
        return httpx.URL(url)
    except httpx.InvalidURL:
        raise OutboundFailed("This is no web address.") from None


def _refuse_silent(url: str) -> None:
    if _hurries.get() and _silent.get(origin_of(url), 0.0) > time.monotonic():
        raise SilentLately


def _note_silence(url: str, error: Exception) -> None:
    if len(_silent) >= _MOST_SILENT:
        _silent.clear()
    if isinstance(error, httpcore.TimeoutException):
        _silent[origin_of(url)] = time.monotonic() + SILENT_FOR


def _headers_to(host: str, given: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """What is sent. Raises OutboundFailed for a key, say, that no header can have."""
    sent = {"content-type": "application/json"} | {name.lower(): v for name, v in given.items()}
    # Last, so that no header of a config can stand in for them.
    sent |= {
        "host": host,
        "user-agent": USER_AGENT,
        "accept-encoding": "identity",
        "connection": "close",
    }
    try:
        return [(name.encode("ascii"), value.encode("ascii")) for name, value in sent.items()]
    except UnicodeEncodeError:
        # Not the cause: it shows the header.
        detail = "A header, such as the key or token, has characters that cannot be sent."
        raise OutboundFailed(detail) from None


def _may_be_private(url: str) -> bool:
    return settings.ALLOW_PRIVATE_URLS or is_allowed_private(url)


def _read(chunks: Iterator[bytes], most_bytes: int) -> bytes:
    body = bytearray()
    for count, chunk in enumerate(chunks if most_bytes else (), 1):
        body += chunk
        if len(body) > most_bytes or count > MOST_PIECES:
            raise OutboundFailed("More was answered than can be read.", sent=True)
    return bytes(body)


def _read_beginning(chunks: Iterator[bytes], most: int) -> bytes:
    body = bytearray()
    with suppress(*_BROKEN):  # the status is known: it decides
        for chunk in chunks:
            body += chunk
            if len(body) >= most:
                break
    return bytes(body[:most])


def _texts(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers}


@cache
def _trust() -> SSLContext:
    return httpcore.default_ssl_context()


class _Network(httpcore.NetworkBackend):
    """Connects to the one address that was judged, and gives up at the deadline, or after `most`
    bytes."""

    def __init__(self, deadline: float, most: int, *, private: bool) -> None:
        self.deadline, self.most, self.private, self.sent = deadline, most, private, False

    def left(self) -> float:
        """The seconds that are left. Raises TimeoutException when there are none."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise httpcore.TimeoutException
        return left

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, *args: Any, **kwargs: Any
    ) -> httpcore.NetworkStream:
        addresses = _resolve(plain_host(host), port, self.left())
        if not addresses:
            raise OutboundFailed("The name in the address cannot be resolved.")
        if not self.private and not all(map(is_public, addresses)):
            raise OutboundFailed("The name in the address leads to a private address.")
        return _Stream(self, httpcore.SyncBackend().connect_tcp(addresses[0], port, self.left()))


class _Stream(httpcore.NetworkStream):
    """A connection of which every step ends at the deadline."""

    def __init__(self, network: _Network, inner: httpcore.NetworkStream) -> None:
        self._network, self._inner = network, inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        read = self._inner.read(max_bytes, self._network.left())
        self._network.most -= len(read)
        if self._network.most < 0:
            raise httpcore.ReadError
        return read

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._network.sent = True
        for start in range(0, len(buffer), _CHUNK):
            self._inner.write(buffer[start : start + _CHUNK], self._network.left())

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        try:
            left = self._network.left
            return _Stream(
                self._network, TlsStream(self._inner, ssl_context, server_hostname, left)
            )
        except BaseException:
            self.close()  # nobody else does
            raise

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _resolve(host: str, port: int, seconds: float) -> list[str]:
    """The IP addresses of `host`, looked up once; [] when nobody tells within that time.

    In a thread of its own: a look-up cannot be interrupted.
    """
    told: SimpleQueue[list[Any]] = SimpleQueue()

    def look_up() -> None:
        try:
            told.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError):
            told.put([])

    Thread(target=look_up, daemon=True).start()
    try:
        return [str(address[0]) for *_, address in told.get(timeout=seconds)]
    except Empty:
        return []
