"""What the log holds: the request id on every line, and one line for what is no fault of ours."""

import logging
import re
from contextvars import ContextVar
from copy import copy
from typing import TextIO

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http.multipartparser import MultiPartParserError

from syteops.core.outages import in_one_line, is_outage

request_id: ContextVar[str] = ContextVar("request_id", default="-")


class LineHandler(logging.StreamHandler[TextIO]):
    """Its filters change a copy of what was said: whoever else hears it, such as Sentry's client,
    gets the words apart from the values.
    """

    def handle(self, record: logging.LogRecord) -> bool:
        return super().handle(copy(record))


class RequestIdFilter(logging.Filter):
    """Adds `request_id` to log records; "-" outside of requests."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get()
        return True


# As `secrets.token_urlsafe` makes one of 32 bytes: who has such an address needs nothing else.
_SECRET_PART = re.compile(r"(?<=/)[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])")


class SecretAddressFilter(logging.Filter):
    """Leaves out of addresses what is a secret in them, such as the link of a client's page."""

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        shown = _SECRET_PART.sub("…", said)
        if shown != said:
            record.msg, record.args = shown, ()
        return True


class OneLineFilter(logging.Filter):
    """Says an outage, or a request that cannot be, in one line.

    A traceback would show where we are, and not what is away or was sent; and anybody could fill
    the disk with them.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and (is_outage(error) or isinstance(error, _REFUSED)):
            said = record.getMessage()
            why = "" if str(error) in said else f" ({in_one_line(error)})"
            record.msg, record.args = shorten(" ".join(said.split()) + why), ()
            record.exc_info = record.exc_text = None
        return True


class BoundedFilter(logging.Filter):
    """Cuts what a line says, whoever wrote it: Django repeats of an `Origin` what there is of it.

    Behind the filter of secret addresses, for half of one is still half a secret.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        if len(said) > LONGEST_LINE:
            record.msg, record.args = shorten(said, LONGEST_LINE), ()
        return True


LONGEST = 500
"""Characters of a line that says what was sent: a `Host` may have thousands."""
LONGEST_LINE = 1000
"""Of any other line, without a traceback."""


def shorten(line: str, longest: int = LONGEST) -> str:
    """The line, cut where it says too much of what a stranger sent."""
    return line if len(line) <= longest else f"{line[:longest]}…"


_REFUSED = (SuspiciousOperation, BadRequest, MultiPartParserError)
"""What Django raises for requests that are answered 400, before or in any view."""


class SaidAlreadyFilter(logging.Filter):
    """Drops Django's line about a 503: whoever answered it has said what is away."""

    def filter(self, record: logging.LogRecord) -> bool:
        return getattr(record, "status_code", None) != 503
