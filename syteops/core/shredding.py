"""Nothing of what is deleted stays in the database's files."""

from contextlib import suppress

from django.conf import settings
from django.db import connection, transaction

from syteops.core.text_index import optimize_text_indexes

_PATIENCE = 1000
"""Milliseconds to wait for readers; meanwhile every writer waits, too."""


class JournalInUse(Exception):
    """Somebody reads what is in SQLite's journal, so it cannot be emptied now."""


def shred_after_commit() -> None:
    """Overwrite what this transaction deletes, as far as that is ours to do.

    SQLite overwrites it in the database (`secure_delete`); its indexes of texts are rid of it and
    its journal is emptied here, or by the hour's work if somebody reads it now. PostgreSQL does so
    when it vacuums the table, by itself.
    """
    if connection.vendor == "sqlite":
        transaction.on_commit(_try_to_empty_journal, robust=True)


def empty_journal() -> None:
    """Have SQLite's journal hold nothing that was written until now, nor its indexes of texts.

    Raises JournalInUse.
    """
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        return  # the latter: a test that wraps everything in a transaction
    optimize_text_indexes(connection)
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA busy_timeout = {_PATIENCE}")
        try:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            is_busy = cursor.fetchone()[0]
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {settings.DATABASE_TIMEOUT * 1000}")
    if is_busy:
        raise JournalInUse("Somebody has been reading the database for long: try again.")


def _try_to_empty_journal() -> None:
    with suppress(JournalInUse):
        empty_journal()
