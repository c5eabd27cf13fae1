"""The backend: as Django's, but a statement's placeholders are looked for once, and so is the time
zone of what it reads.

Django searches each statement for them each time: in an update some fourteen, a twelfth of all
that the request takes.

A transaction takes the write lock with its first statement and not before: what is worked out until
then, such as whether the input is right, keeps no other writer waiting.

What is written stands in a log until it is taken into the database, and whoever commits when that
log is long does it, waiting for the disk twice. Threads beside the requests do it first.

A file that is taken away or replaced while the site runs, as when somebody puts back an older one
or clears the journal away, is noticed at the next request, and none is made or opened in its place
until a restart.

And numbers that no column can hold are found in no row. Django sees to that for one number, but
among several SQLite's client raises OverflowError.
"""

import os
import sqlite3
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any, ClassVar
from weakref import WeakSet

from django.db import OperationalError
from django.db.backends.sqlite3 import base, operations
from django.db.models import IntegerField
from django.db.models.lookups import In

from syteops.core.read_only import NeverReadOnly
from syteops.lib.plain_files import problem_of

_BEYOND = 2**63
File = tuple[int, int]
"""Which one it is, by whatever name: its disk, and its number there."""
Files = tuple[File | None, ...]
"""The database, and one for each of _JOURNAL; None for one that is not there."""
_JOURNAL = ("-wal", "-shm")
_LOST = "a file of the database was taken away or replaced: restart SyteOps"


@lru_cache(maxsize=512)
def _with_question_marks(query: str) -> str:
    return base.FORMAT_QMARK_REGEX.sub("?", query).replace("%%", "%")


class CursorWrapper(base.SQLiteCursorWrapper):
    """A cursor that knows the statements it has seen lately, and begins what is due before each."""

    wrapper: "DatabaseWrapper"

    def execute(self, query: str, params: Any = None) -> Any:
        """As Django's, in one step for what is given in order, as nearly always."""
        if self.wrapper.is_due:
            self.wrapper.begin_what_is_due()
        if isinstance(params, (list, tuple)):
            return sqlite3.Cursor.execute(self, _with_question_marks(query), params)
        return super().execute(query, params)

    def executemany(self, query: str, param_list: Any) -> Any:
        """As Django's."""
        if self.wrapper.is_due:
            self.wrapper.begin_what_is_due()
        return super().executemany(query, param_list)


class DatabaseOperations(operations.DatabaseOperations):
    """What is read from a row."""

    def convert_datetimefield_value(self, value: Any, expression: Any, connection: Any) -> Any:
        """As Django does it, which asks for a setting and two time zones each time."""
        if value is None:
            return None
        if type(value) is datetime and value.tzinfo is UTC:
            own = connection.timezone
            return value if own is UTC else value.replace(tzinfo=own)
        return super().convert_datetimefield_value(value, expression, connection)


class DatabaseWrapper(NeverReadOnly, base.DatabaseWrapper):
    """Django's, with these, and with transactions that begin with their first statement.

    Until then they are due, and so is each savepoint that was set in them.
    """

    ops_class = DatabaseOperations
    may_create = True
    """Whether a file that is not there is made: by what sets a site up, and not where it runs."""
    longest_log = 4000
    """The pages after which a commit of this connection takes them into the database."""
    is_lost = False
    """Whether a file that was opened has its name no more: nobody would find what is written."""
    _files: ClassVar[dict[Any, File | None]] = {}
    """By its name, the file that this process has opened, or that which it was forked from."""
    _each: ClassVar["WeakSet[DatabaseWrapper]"] = WeakSet()
    _guard: ClassVar[Lock] = Lock()  # of the threads that open connections
    _opened: Files = ()
    _names: tuple[str, ...] = ()
    """That of the database, which may be a link, and of its journal, beside where it leads."""
    is_due = False
    _savepoints_due: tuple[str, ...] = ()

    def get_connection_params(self) -> dict[str, Any]:
        """As Django's."""
        params = super().get_connection_params()
        if self.may_create:
            return params
        return params | {"database": f"{Path(params['database']).absolute().as_uri()}?mode=rw"}

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """As Django's. Raises OperationalError where the file is another than before, or none.

        Beside another is the journal of the former one, which SQLite would take for its own. Nor is
        it opened while others of this process have a journal that is not there: SQLite would make
        another, and of what is written into the two only one would stay.
        """
        name = self.settings_dict["NAME"]
        for ending in ("", *_JOURNAL, "-journal"):
            path = f"{os.path.realpath(name)}{ending}"
            if problem := problem_of(path):  # SQLite waits at a named pipe
                raise OperationalError(f"{path} {problem}, and no file of a database")
        with self._guard:
            there = _file_at(name)
            is_another = self._files.get(name, there) != there
            if not self.may_create and (is_another or self._others_have_lost(name)):
                raise OperationalError(_LOST)
            place = os.path.realpath(name)
            self._opened, self._names = (), (name, *(f"{place}{ending}" for ending in _JOURNAL))
            opened = super().get_new_connection(conn_params)
            self._files[name] = _file_at(name)
            self._each.add(self)
        return opened

    def _others_have_lost(self, name: Any) -> bool:
        same = (one for one in self._each if one.settings_dict["NAME"] == name)
        return any(one.connection is not None and not one._has_its_files() for one in same)

    def close_if_unusable_or_obsolete(self) -> None:
        """As Django's, when a request begins, and find out whether its files are there."""
        self.is_lost = self.connection is not None and not self._has_its_files()
        if self.is_lost:
            self._save_journal()
            self.close_at = None  # it stays, by which no other journal is begun
        super().close_if_unusable_or_obsolete()

    def _has_its_files(self) -> bool:
        there = self._files_there()
        found = zip(self._opened, there, strict=False)  # nothing was opened yet, at the beginning
        return self._opened == there or all(one in (None, now) for one, now in found)

    def _files_there(self) -> Files:
        """Which files have the names of the database's; none, as in memory."""
        return tuple(map(_file_at, self._names))

    def _save_journal(self) -> None:
        """Take what is in a journal that has no name any more into the database.

        Else it would end with the last process that has it open. Not where somebody has another.
        """
        database, journal, _ = self._files_there()
        if database == self._opened[0] and journal is None:
            with suppress(sqlite3.Error):
                self.connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def init_connection_state(self) -> None:
        """As Django's."""
        super().init_connection_state()
        self.connection.execute(f"PRAGMA wal_autocheckpoint = {self.longest_log}")
        self._opened, self.is_lost = self._files_there(), False  # the journal is there by now

    def create_cursor(self, name: Any = None) -> Any:
        """A cursor of the connection. Raises OperationalError while a file of it is not there."""
        if self.is_lost:
            raise OperationalError(_LOST)
        cursor = self.connection.cursor(factory=CursorWrapper)
        cursor.wrapper = self
        return cursor

    def begin_what_is_due(self) -> None:
        """Take the write lock for the transaction that is due, if one is, and set its savepoints.

        Raises OperationalError if others hold the lock for too long; then it is due still.
        """
        if not self.is_due:
            return
        self.is_due = False
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]  # no stub has it
        except BaseException:
            self.is_due = True
            raise
        due, self._savepoints_due = self._savepoints_due, ()
        for sid in due:
            super()._savepoint(sid)  # type: ignore[misc]  # the same

    def _start_transaction_under_autocommit(self) -> None:
        self.is_due, self._savepoints_due = True, ()

    def _savepoint(self, sid: str) -> None:
        if self.is_due:
            self._savepoints_due += (sid,)
        else:
            super()._savepoint(sid)  # type: ignore[misc]  # the same

    def _savepoint_rollback(self, sid: str) -> None:
        if not self.is_due:  # else nothing was done since
            super()._savepoint_rollback(sid)  # type: ignore[misc]  # the same

    def _savepoint_commit(self, sid: str) -> None:
        if self.is_due:
            self._savepoints_due = tuple(one for one in self._savepoints_due if one != sid)
        else:
            super()._savepoint_commit(sid)  # type: ignore[misc]  # the same

    def _commit(self) -> None:
        self.is_due = False
        super()._commit()  # type: ignore[misc]  # the same

    def _rollback(self) -> None:
        self.is_due = False
        super()._rollback()  # type: ignore[misc]  # the same

    def _close(self) -> None:
        self.is_due, self._opened = False, ()
        super()._close()  # type: ignore[misc]  # the same

    def preparing_cursor(self) -> Any:
        """As `cursor`, for `core.prepared`, which takes the connection of its own thread.

        That need not be proved again for each statement: of a short one it is a third.
        """
        self.close_if_health_check_failed()
        if self.connection is None:
            return self.cursor()
        made = self.create_cursor()
        return self.make_debug_cursor(made) if self.queries_logged else self.make_cursor(made)


def _file_at(name: str | Path) -> File | None:
    try:
        found = os.stat(name)
    except OSError:
        return None
    return found.st_dev, found.st_ino


@lru_cache(maxsize=4096)  # what is read again is found in the same rows
def _moment(stored: bytes) -> datetime:
    """What a column of moments holds, which is in UTC and does not say so."""
    return datetime.fromisoformat(stored.decode() + "+00:00")


# Django reads it without a time zone, which then is set: three times as much to do.
sqlite3.register_converter("datetime", _moment)


@IntegerField.register_lookup
class AmongIntegers(In):
    """`in`, without the numbers that no column can hold."""

    def get_prep_lookup(self) -> Any:
        """The others, unless it is a query that is looked in."""
        found = super().get_prep_lookup()
        return [one for one in found if _fits(one)] if isinstance(found, list) else found


def _fits(value: Any) -> bool:
    return not isinstance(value, int) or -_BEYOND <= value < _BEYOND
