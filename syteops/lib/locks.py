"""Named locks that last until the transaction ends."""

import hashlib

from django.db import connection


def transaction_lock(name: str) -> None:
    """Wait until no other transaction holds the lock `name`, then hold it until this one ends.

    PostgreSQL: an advisory lock. SQLite needs none: its transactions begin IMMEDIATE, so there is
    one writer at a time.
    """
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_number(name)])


def try_transaction_lock(name: str) -> bool:
    """Take the lock `name` until the transaction ends, without waiting; whether that worked."""
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_number(name)])
        return bool(cursor.fetchone()[0])


def _number(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
