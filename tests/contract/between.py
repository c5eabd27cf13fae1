"""Stands between a tool and a site, passes on what is asked, and remembers it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests import web
from tests.serving import serving

# Of one connection; httpx and http.server say them themselves.
_HOPS = frozenset(("connection", "content-length", "host", "transfer-encoding"))


@dataclass
class Passed:
    """One request, and with which status it was answered."""

    method: str
    path: str
    headers: dict[str, str]
    status: int


@dataclass
class Between:
    """`before_next_write` is called once, before the next write that is no dry run."""

    url: str
    passed: list[Passed] = field(default_factory=list)
    before_next_write: Callable[[], object] | None = None

    def writes(self) -> list[Passed]:
        """All that could have changed something, and their dry runs."""
        return [one for one in self.passed if one.method != "GET"]

    def statuses(self) -> list[int]:
        """How those were answered."""
        return [one.status for one in self.writes()]


@contextmanager
def between(site: str) -> Iterator[Between]:
    """For the site at that address, until the block is left."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {
                name.lower(): value
                for name, value in self.headers.items()
                if name.lower() not in _HOPS
            }
            if self.command != "GET" and "dry_run" not in self.path and middle.before_next_write:
                interfere, middle.before_next_write = middle.before_next_write, None
                interfere()
            answer = web.request(self.command, f"{site}{self.path}", headers=headers, content=body)
            middle.passed.append(Passed(self.command, self.path, headers, answer.status_code))
            self.send_response(answer.status_code)
            for name, value in answer.headers.items():
                if name.lower() not in (*_HOPS, "content-encoding"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def do_PUT(self) -> None:
            self.do_GET()

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    middle = Between(f"http://127.0.0.1:{server.server_address[1]}")
    with serving(server):
        yield middle
