"""The backend: as Django's, but a statement's placeholders are looked for once.

Django searches each statement for them each time: in an update some fourteen, a twelfth of all
that the request takes.

A transaction asks for the write lock every millisecond. SQLite itself waits ever longer between two
times, up to a tenth of a second, and meanwhile others take the lock again and again.

What is marked for it is done before a commit and not after it, in the transaction that has the
write lock already: a second one would have to wait for that lock again.
"""

import logging
from collections.abc import Callable
from functools import lru_cache
from sqlite3 import SQLITE_BUSY
from time import monotonic, sleep
from typing import Any

from django.db import DatabaseError, OperationalError
from django.db.backends.sqlite3 import base

from syteops.core.committing import is_before_commit

log = logging.getLogger(__name__)

_PAUSE = 0.001  # seconds
_USUAL_TIMEOUT = 5.0  # seconds, as in Python's own


@lru_cache(maxsize=512)
def _with_question_marks(query: str) -> str:
    return base.FORMAT_QMARK_REGEX.sub("?", query).replace("%%", "%")


class CursorWrapper(base.SQLiteCursorWrapper):
    """A cursor that knows the statements it has seen lately."""

    def convert_query(self, query: str, *, param_names: list[str] | None = None) -> str:
        """`query` in the style of SQLite."""
        if param_names is None:
            return _with_question_marks(query)
        return super().convert_query(query, param_names=param_names)


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's, with such cursors, and with hooks before the commit."""

    def create_cursor(self, name: Any = None) -> Any:
        """A cursor of the connection."""
        return self.connection.cursor(factory=CursorWrapper)

    def _start_transaction_under_autocommit(self) -> None:
        seconds = self.settings_dict["OPTIONS"].get("timeout", _USUAL_TIMEOUT)
        deadline = monotonic() + seconds
        self.connection.execute("PRAGMA busy_timeout = 0")
        try:
            while not self._begins(is_last=monotonic() >= deadline):
                sleep(_PAUSE)
        finally:
            self.connection.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")

    def _begins(self, is_last: bool) -> bool:
        """Whether a transaction has begun; another one that is in the way is an error at last."""
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]  # no stub has it
        except OperationalError as error:
            if is_last or getattr(error.__cause__, "sqlite_errorcode", None) != SQLITE_BUSY:
                raise
            return False
        return True

    def _commit(self) -> None:
        due = [one for one in self.run_on_commit if is_before_commit(one[1])]
        if due:
            self.run_on_commit = [one for one in self.run_on_commit if one not in due]
            for one in due:
                self._do(one[1])
        super()._commit()  # type: ignore[misc]  # no stub has it

    def _do(self, hook: Callable[[], object]) -> None:
        self.in_atomic_block = True  # Django takes it for ended
        try:
            hook()
        except DatabaseError:
            raise
        except Exception:
            log.exception("%s() failed before a commit.", hook.__qualname__)
        finally:
            self.in_atomic_block = False
