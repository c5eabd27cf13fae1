"""Mail over SMTP to a server that may be slow, broken or hostile.

It tells when the server takes a mail for some of its recipients only: the library hands that back
to its caller, and Django drops it. And no server holds up a worker for longer than SECONDS, or
fills its memory: the library waits for each byte anew, and keeps whatever it is told.
"""

import socket
from collections.abc import Mapping
from contextlib import suppress
from email import policy
from smtplib import SMTP, SMTP_SSL, SMTPDataError, SMTPException, SMTPRecipientsRefused
from threading import Timer
from time import monotonic
from typing import Any, BinaryIO

from django.core.mail.backends import smtp


class PartlyRefused(SMTPException):
    """The mail is on its way to the other recipients; sending it again would repeat it to them.

    `codes` has the server's reply code for each that was refused, by its place in the list, from 1.
    """

    def __init__(self, codes: Mapping[int, int]) -> None:
        super().__init__(f"{len(codes)} recipients were refused.")
        self.codes = codes


PERMANENT = 500
"""From this reply code on (RFC 5321, section 4.2.1) the same mail is refused every time."""


def code_of(error: SMTPRecipientsRefused | SMTPDataError) -> int:
    """The reply code with which a mail was refused; of several recipients the lowest."""
    if isinstance(error, SMTPDataError):
        return error.smtp_code
    return min(code for code, _ in error.recipients.values())


SECONDS = 50.0
"""For all of a connection, from looking for the server to the goodbye. Less than a lease lasts for
which deliveries are one worker's: else a second one would send the same mail meanwhile."""
MOST_BYTES = 1 << 20
"""Of all that a server says in a connection, before TLS and again with it."""


class _Replies:
    """What the server says."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._left = file, MOST_BYTES
        self.close = file.close

    def readline(self, size: int) -> bytes:
        line = self._file.readline(size)
        self._left -= len(line)
        if self._left < 0:
            raise OSError("The mail server says too much.")
        return line


class _Plain(SMTP):
    _watch: Timer | None = None

    def _get_socket(self, *args: Any) -> socket.socket:
        deadline = monotonic() + SECONDS
        found: socket.socket = super()._get_socket(*args)  # type: ignore[misc]
        # A copy: TLS takes the socket itself over.
        self._watch = Timer(max(deadline - monotonic(), 0), _shut, [found.dup()])
        self._watch.daemon = True
        self._watch.start()
        return found

    def getreply(self) -> tuple[int, bytes]:
        """Raises SMTPServerDisconnected for a server that says too much."""
        if self.file is None and self.sock is not None:
            self.file = _Replies(self.sock.makefile("rb"))
        return super().getreply()

    def quit(self) -> tuple[int, bytes]:
        """Say goodbye. Whatever comes of it changes nothing of what the server has taken."""
        with suppress(SMTPException, OSError):
            return super().quit()
        self.close()
        return -1, b""

    def close(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            _shut(*self._watch.args)
        super().close()

    def sendmail(self, *args: Any, **more: Any) -> Any:
        """As Django calls it: with sender, recipients and mail. Raises PartlyRefused."""
        refused = super().sendmail(*args, **more)
        places = {one: place for place, one in enumerate(args[1], 1)}
        if refused:
            raise PartlyRefused({places[one]: code for one, (code, _) in refused.items()})
        return refused


class _Encrypted(SMTP_SSL, _Plain):
    """Its handshake is watched, too."""


def _shut(copy: socket.socket) -> None:
    """End the connection, whoever waits for a byte of it."""
    with suppress(OSError):  # it has ended, or was shut before
        copy.shutdown(socket.SHUT_RDWR)
    copy.close()


_UNFOLDED = policy.SMTP.clone(max_line_length=900)


class _WholeSender(policy.EmailPolicy):
    """Headers as Python writes them, but who sent it on one line: Python loses the quotes of a name
    that it folds, and of one with commas several senders became."""

    def fold_binary(self, name: str, value: Any) -> bytes:
        return (_UNFOLDED if name.lower() == "from" else policy.SMTP).fold_binary(name, value)


_WRITTEN = _WholeSender(linesep=policy.SMTP.linesep)


def as_header(text: str) -> str:
    """`text` for a header, letter for letter.

    An encoded word (RFC 2047) in it must not be decoded: the invisible character breaks it.
    """
    return text.replace("=?", "=\N{WORD JOINER}?")


class EmailBackend(smtp.EmailBackend):
    """Django's, which also raises PartlyRefused, writes senders whole, and subjects as they are."""

    def _send(self, email_message: Any) -> Any:
        email_message.subject = as_header(email_message.subject)
        make = email_message.message  # Django 5 names no policy, and folds nothing like that
        email_message.message = lambda **how: make(**dict.fromkeys(how, _WRITTEN))
        return super()._send(email_message)  # type: ignore[misc]

    @property
    def connection_class(self) -> type[SMTP]:
        return _Encrypted if self.use_ssl else _Plain
