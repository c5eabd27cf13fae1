"""Connections that take no writes any more, of both databases."""

from typing import Any

from django.db.utils import DatabaseErrorWrapper
from django.utils.functional import cached_property


class NeverReadOnly:
    """A database of Django's of which no connection outlives the request in which nothing could be
    written.

    One that began while its database, or the disk, took no writes takes none when that does again.
    """

    @cached_property
    def wrap_database_errors(self) -> "ErrorWrapper":
        """What makes errors of the driver Django's."""
        return ErrorWrapper(self)


class ErrorWrapper(DatabaseErrorWrapper):
    """Django's, which has a connection closed that takes no writes."""

    wrapper: Any

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        if kind is None:  # first: each statement comes here
            return
        if _is_read_only(error):
            self.wrapper.close_at = 0.0  # as one that is too old: a rollback forgets failures
        super().__exit__(kind, error, traceback)


def _is_read_only(error: Any) -> bool:
    sqlite: str = getattr(error, "sqlite_errorname", "")
    is_moved = sqlite.endswith("_DBMOVED")  # its file has its name no more, which is another matter
    is_closed = sqlite.startswith("SQLITE_READONLY") and not is_moved
    return is_closed or getattr(error, "sqlstate", "") == "25006"
