"""What the log holds: the request id on every line, and one line for an outage."""

import logging
from contextvars import ContextVar

from syteops.core.outages import in_one_line, is_outage

request_id: ContextVar[str] = ContextVar("request_id", default="-")


class RequestIdFilter(logging.Filter):
    """Adds `request_id` to log records; "-" outside of requests."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get()
        return True


class OutageFilter(logging.Filter):
    """Says an outage in one line: a traceback would show where we are, and not what is away."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and is_outage(error):
            record.msg, record.args = f"{record.getMessage()} ({in_one_line(error)})", ()
            record.exc_info = record.exc_text = None
        return True


class SaidAlreadyFilter(logging.Filter):
    """Drops Django's line about a 503: whoever answered it has said what is away."""

    def filter(self, record: logging.LogRecord) -> bool:
        return getattr(record, "status_code", None) != 503
