"""Nothing of what is deleted stays in the database's files."""

from django.db import connection, transaction


def shred_after_commit() -> None:
    """Overwrite what this transaction deletes, as far as that is ours to do.

    SQLite overwrites it in the database (`secure_delete`), and its journal is emptied here.
    PostgreSQL does so when it vacuums the table, by itself.
    """
    if connection.vendor == "sqlite":
        transaction.on_commit(_empty_journal, robust=True)


def _empty_journal() -> None:
    if connection.in_atomic_block:
        return  # of a test that wraps everything in a transaction
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
