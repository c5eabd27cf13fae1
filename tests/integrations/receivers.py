"""A web server on this machine that takes what is posted, and answers as it is told."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.serving import serving


@dataclass
class Received:
    """One request as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """Where it listens, what it answers, and what it got."""

    status: int = 200
    location: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: Callable[[], Iterable[bytes]] = lambda: ()
    """What it answers, piece by piece, until nobody reads it any more."""
    port: int = 0
    received: list[Received] = field(default_factory=list)
    answered: int = 0
    """Bytes that it could send of its answers."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def listening() -> Iterator[Receiver]:
    """A receiver, until the block is left."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.received.append(Received(self.path, headers, body))
            self.send_response(receiver.status)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            if receiver.location:
                self.send_header("Location", receiver.location)
            self.end_headers()
            with suppress(OSError):
                for piece in receiver.body():
                    self.wfile.write(piece)
                    receiver.answered += len(piece)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.port = server.server_address[1]
    with serving(server):
        yield receiver
