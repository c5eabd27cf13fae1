"""The backend: as Django's, but a statement that takes too long is given up.

Whatever is set, is set for one transaction and goes with the statement that begins it. So it costs
no round trip, and it holds behind a pooler such as pgbouncer too, where each transaction may meet
another session of the server, and leaves what it has set there to somebody else.

PostgreSQL's own time-outs end what it works on, and the system's end connections to machines that
are gone. Neither helps against a server that is frozen with its connections open, so the client
watches the clock too.
"""

from types import ModuleType
from typing import Any

import psycopg
from django.db.backends.postgresql import base
from psycopg.generators import execute
from psycopg.pq import ExecStatus, TransactionStatus

_GRACE = 5.0  # seconds, in which the server's own time-out comes first and keeps the connection
_IDLE = b"SET LOCAL idle_in_transaction_session_timeout = '60s'"


class PatientConnection(psycopg.Connection[Any]):
    """A connection that is closed when its server does not answer for some time."""

    patience: float | None = None
    limit: bytes = b""
    """What tells the server how long a statement may take. A lock is waited for within that."""

    def be_patient(self, seconds: float) -> None:
        """Give a statement so long: the server ends it then, and we do if the server does not."""
        self.limit = b"SET LOCAL statement_timeout = %d; " % int(seconds * 1000)
        self.patience = seconds + _GRACE

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
        self.pgconn.send_query(b"; ".join((begin, self.limit + _IDLE)))
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
        """Leave out what came of the limit."""
        super()._set_results(results[1:] if self._is_limited else results)


_driver = ModuleType("psycopg, with connections of ours")
vars(_driver).update(vars(psycopg), connect=PatientConnection.connect)


class DatabaseWrapper(base.DatabaseWrapper):
    """`patience` is how many seconds a statement may take; None is no limit, as for commands."""

    Database: Any = _driver
    patience: float | None = None

    def get_connection_params(self) -> dict[str, Any]:
        """The address, and our cursors."""
        return super().get_connection_params() | {"cursor_factory": PatientCursor}

    def init_connection_state(self) -> None:
        """Tell both sides how long is waited."""
        super().init_connection_state()
        if self.patience is not None:
            self.connection.be_patient(self.patience)

    def chunked_cursor(self) -> Any:
        """Rows piece by piece in a transaction, else all at once.

        A cursor that outlives its transaction would belong to a session.
        """
        return super().chunked_cursor() if self.in_atomic_block else self.cursor()
