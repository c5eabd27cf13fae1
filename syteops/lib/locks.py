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
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])
