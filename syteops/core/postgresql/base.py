"""The backend: as Django's, but a statement that takes too long is given up, and statements that
are asked again and again are planned once.

A session that is ours alone is told its limits when it begins, and keeps plans. Behind a pooler
such as pgbouncer each transaction may meet another session of the server, and leaves what it has
set there to somebody else. So there nothing is kept, and limits are set for one transaction: they
go with the statement that begins it, and cost no round trip.

PostgreSQL's own time-outs end what it works on, and the system's end connections to machines that
are gone. Neither helps against a server that is frozen with its connections open, so the client
watches the clock too.
"""

import select
from types import ModuleType
from typing import Any

import psycopg
from django.db.backends.postgresql import base, operations
from psycopg.generators import execute
from psycopg.pq import ExecStatus, TransactionStatus

from syteops.core.read_only import NeverReadOnly

_PREPARING = "preparing"
_ASKED_BEFORE = 5
"""How often a statement is asked before the server keeps its plan. (Django: never.)"""
FROZEN_AFTER = 5.0
"""Seconds more, in which the server's own time-out comes first and keeps the connection."""
_IDLE = "idle_in_transaction_session_timeout = '60s'"
_NO_JIT = "jit = off"
"""To compile a statement takes the server longer than any of ours takes to run, and it does so
whenever its statistics are too old to tell."""


class PatientConnection(psycopg.Connection[Any]):
    """A connection that is closed when its server does not answer for some time."""

    patience: float | None = None
    is_own_session = False
    limit: bytes = b""
    """What tells the server how long a statement may take, where it must be told each time."""

    def meet(self, seconds: float | None) -> None:
        """Find out whose the session is, and give a statement so long: the server ends it then, and
        we do if the server does not. A lock is waited for within that.
        """
        self.patience = None if seconds is None else seconds + FROZEN_AFTER
        answer: Any = self.execute("SELECT pg_backend_pid()").fetchone()
        # A pooler says of itself who is there, and lets whatever session is free answer.
        self.is_own_session = answer[0] == self.info.backend_pid
        limits = [] if seconds is None else [f"statement_timeout = {int(seconds * 1000)}"]
        if self.is_own_session:
            self.prepare_threshold = _ASKED_BEFORE
            idle = [_IDLE] if limits else []
            self.execute("".join(f"SET {one}; " for one in (_NO_JIT, *limits, *idle)))
        elif limits:
            self.limit = "".join(f"SET LOCAL {one}; " for one in (_NO_JIT, *limits)).encode()

    @property
    def is_silent(self) -> bool:
        """Whether the server has said nothing unasked, as it does when it ends a connection."""
        watch = select.poll()
        watch.register(self.fileno(), select.POLLIN)
        return not watch.poll(0)

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Raises OperationalError in the end; the connection is not usable any more then."""
        limit = self.patience if timeout is None else timeout
        try:
            return super().wait(gen, interval, limit)
        except psycopg.errors._WaitTimeout:
            if timeout is not None:
                raise  # whoever set this limit deals with it
            self.pgconn.finish()
            raise psycopg.OperationalError("the server does not answer") from None

    def _start_query(self) -> Any:
        """Begin a transaction where one is due, with its limits in the same message."""
        is_idle = self.pgconn.transaction_status == TransactionStatus.IDLE
        if self._autocommit or not self.limit or not is_idle or self._pipeline:
            yield from super()._start_query()
            return
        begin = self._get_tx_start_command()
        self.pgconn.send_query(b"; ".join((begin, self.limit + b"SET LOCAL " + _IDLE.encode())))
        result = (yield from execute(self.pgconn))[-1]
        if result.status != ExecStatus.COMMAND_OK:
            raise psycopg.errors.error_from_result(result)


class PatientCursor(base.CursorMixin, psycopg.ClientCursor[Any]):
    """Sends the limit along with a statement that is a transaction by itself."""

    _is_limited = False

    def _execute_send(self, query: Any, **how: Any) -> None:
        connection: Any = self._conn
        # Only what goes by the simple protocol may be more than one statement.
        simple = not connection._pipeline and not any(how.values())
        self._is_limited = bool(connection.limit) and connection._autocommit and simple
        if self._is_limited:
            query.query = connection.limit + query.query
        super()._execute_send(query, **how)

    def _set_results(self, results: Any) -> None:
        """Leave out what came of the limits."""
        connection: Any = self._conn
        limits = connection.limit.count(b";") if self._is_limited else 0
        super()._set_results(results[limits:])


_driver = ModuleType("psycopg, with connections of ours")
vars(_driver).update(vars(psycopg), connect=PatientConnection.connect)


class DatabaseOperations(operations.DatabaseOperations):
    """What is asked, as Django's log of statements has it."""

    def last_executed_query(self, cursor: Any, sql: Any, params: Any) -> Any:
        """With its values, which a cursor that prepares sends apart from it."""
        if isinstance(cursor, base.ServerBindingCursor):
            return self.compose_sql(sql, params)
        return super().last_executed_query(cursor, sql, params)


class DatabaseWrapper(NeverReadOnly, base.DatabaseWrapper):
    """`patience` is how many seconds a statement may take; None is no limit, as for commands."""

    Database: Any = _driver
    ops_class = DatabaseOperations
    patience: float | None = None

    def get_connection_params(self) -> dict[str, Any]:
        """The address, and our cursors."""
        return super().get_connection_params() | {"cursor_factory": PatientCursor}

    def init_connection_state(self) -> None:
        """Tell both sides how long is waited."""
        super().init_connection_state()
        self.connection.meet(self.patience)

    def close_if_health_check_failed(self) -> None:
        """As Django does it, whose question costs a round trip in each request.

        A server that has ended the connection has said so.
        """
        if self.connection is not None and not self.connection.closed and self.connection.is_silent:
            self.health_check_done = True
        super().close_if_health_check_failed()

    def preparing_cursor(self) -> Any:
        """A cursor for statements that come again and again, with other values."""
        base_wrapper: Any = super()
        return base_wrapper._cursor(_PREPARING)

    def create_cursor(self, name: Any = None) -> Any:
        """A cursor of the connection."""
        if name is not _PREPARING:
            return super().create_cursor(name)
        if not self.connection.is_own_session:
            return super().create_cursor()
        self.connection.cursor_factory = base.ServerBindingCursor
        try:
            return super().create_cursor()
        finally:
            self.connection.cursor_factory = PatientCursor

    def chunked_cursor(self) -> Any:
        """Rows piece by piece in a transaction, else all at once.

        A cursor that outlives its transaction would belong to a session.
        """
        return super().chunked_cursor() if self.in_atomic_block else self.cursor()
