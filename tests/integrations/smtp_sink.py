"""A mail server on this machine that takes what is sent, and replies as it is told (RFC 5321)."""

import email
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from socketserver import StreamRequestHandler, ThreadingTCPServer

from tests.serving import serving


@dataclass
class SmtpSink:
    """Where it listens, its replies by command or line, and the mails it took, with envelopes."""

    port: int = 0
    replies: dict[str, str] = field(default_factory=dict)
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    endless: dict[str, bytes] = field(default_factory=dict)
    """What it says over and over instead of a reply to that command, while somebody listens."""
    pause: float = 0.0
    """Seconds in between."""


_REPLIES = {"greeting": "220 sink", "DATA": "354 go on", "QUIT": "221 bye", ".": "250 taken"}


class _Handler(StreamRequestHandler):
    sink: SmtpSink

    def handle(self) -> None:
        with suppress(OSError):  # who has enough of what never ends goes
            self.talk()

    def talk(self) -> None:
        self.answer("greeting")
        recipients: list[str] = []
        while line := self.rfile.readline().decode().strip():
            command = line[:4].upper()
            whole = line.upper()  # each version of the library writes it differently
            told = self.answer(whole if whole in self.sink.replies else command)
            if command == "RCPT" and told.startswith("2"):
                recipients.append(line.partition("<")[2].partition(">")[0])
            if command == "DATA" and told.startswith("3"):
                self.take(recipients)
            if command == "QUIT":
                return

    def take(self, recipients: list[str]) -> None:
        lines = list(iter(self.rfile.readline, b".\r\n"))
        if self.answer(".").startswith("2"):
            whole = b"".join(one.removeprefix(b".") for one in lines)
            self.sink.mails.append(email.message_from_bytes(whole, policy=policy.default))
            self.sink.recipients.append(recipients)

    def answer(self, command: str) -> str:
        while command in self.sink.endless:
            self.wfile.write(self.sink.endless[command])
            time.sleep(self.sink.pause)
        told = self.sink.replies.get(command, _REPLIES.get(command, "250 ok"))
        self.reply(told)
        return told

    def reply(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@contextmanager
def receiving_mail() -> Iterator[SmtpSink]:
    """A sink, until the block is left."""
    sink = SmtpSink()
    server = ThreadingTCPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"sink": sink}))
    server.daemon_threads = True
    sink.port = server.server_address[1]
    with serving(server):
        yield sink
