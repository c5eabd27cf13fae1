"""`python -m tests.concurrency.receiver <port> <file>`: takes what is posted, and may be killed.

What it has answered is in the file, one JSON object a line: it writes first.
"""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock

from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from tests.environment import ROOT
from tests.servers import free_port
from tests.waiting import becomes_true


@dataclass
class Received:
    """One request, and whether it was signed rightly at the time at which it was looked at."""

    id: str
    body: str
    is_signed: bool


@dataclass
class Receiver:
    """The process, as whoever kills it sees it. `secret` is what it should be sent with."""

    file: Path
    secret: str = ""
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None
    received: list[Received] = field(default_factory=list)
    _read: int = 0

    @property
    def url(self) -> str:
        """Where to post to."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, on the same port and with the same file each time."""
        command = [sys.executable, "-m", __name__, str(self.port), str(self.file)]
        self.process = subprocess.Popen(command, cwd=ROOT)

    def kill(self) -> None:
        """`kill -9`."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def arrived(self) -> dict[str, Received]:
        """Without the repetitions, by `webhook-id`, in order. To be asked again and again."""
        with self.file.open("rb") as file:
            file.seek(self._read)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                self._read += len(line)
                self._take(line)
        first: dict[str, Received] = {}
        for one in self.received:
            first.setdefault(one.id, one)
        return first

    def _take(self, line: bytes) -> None:
        try:
            found = json.loads(line)
        except ValueError:  # the process was killed while it wrote that, and had not answered
            return
        headers, body = found["headers"], found["body"]
        try:
            Verifier(self.secret).verify(body, headers)
            is_signed = True
        except WebhookVerificationError:
            is_signed = False
        self.received.append(Received(headers["webhook-id"], body, is_signed))


@contextmanager
def receiving(file: Path) -> Iterator[Receiver]:
    """A receiver that runs, until the block is left."""
    receiver = Receiver(file)
    receiver.start()
    try:
        assert becomes_true(file.exists)
        yield receiver
    finally:
        receiver.kill()


def main(port: str, file: str) -> None:
    """Take requests until killed."""
    with open(file, "a", encoding="utf-8") as log:
        log.write("\n")  # ends what was cut off when the one before was killed
        writing = Lock()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                body = self.rfile.read(length)
                if len(body) < length:  # the sender was killed: this is no request
                    return
                headers = {name.lower(): value for name, value in self.headers.items()}
                with writing:
                    log.write(json.dumps({"headers": headers, "body": body.decode()}) + "\n")
                    log.flush()
                self.send_response(204)
                self.end_headers()

            def log_message(self, *args: object) -> None:
                """Say nothing."""

        ThreadingHTTPServer(("127.0.0.1", int(port)), Handler).serve_forever()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started it kills it
    main(*sys.argv[1:])
