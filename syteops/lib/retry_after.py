"""The header `Retry-After` (RFC 9110, section 10.2.3)."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def seconds_of(value: str, now: datetime) -> int:
    """The seconds that it asks to wait from `now` on: as a number or as a date; 0 for neither."""
    value = value.strip()[:40]
    if value.isascii() and value.isdigit():
        return int(value)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return 0
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(int((moment - now).total_seconds()), 0)
