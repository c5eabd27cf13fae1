"""The backend: as Django's, but a server that does not answer is given up.

PostgreSQL's own time-outs end what it works on, and the system's end connections to machines that
are gone. Neither helps against a server that is frozen with its connections open, so the client
watches the clock too.
"""

from types import ModuleType
from typing import Any

import psycopg
from django.db.backends.postgresql import base

_GRACE = 5.0  # seconds, in which the server's own time-out comes first and keeps the connection


class PatientConnection(psycopg.Connection[Any]):
    """A connection that is closed when its server does not answer for `patience` seconds."""

    patience: float | None = None

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


_driver = ModuleType("psycopg, with connections of ours")
vars(_driver).update(vars(psycopg), connect=PatientConnection.connect)


class DatabaseWrapper(base.DatabaseWrapper):
    """`patience` is how many seconds a statement may take; None is no limit, as for commands."""

    Database: Any = _driver
    patience: float | None = None

    def init_connection_state(self) -> None:
        """Tell both sides how long is waited."""
        super().init_connection_state()
        if self.patience is None:
            return
        limit = f"{int(self.patience * 1000)}ms"
        with self.connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('statement_timeout', %s, false),"
                " set_config('lock_timeout', %s, false),"
                " set_config('idle_in_transaction_session_timeout', '60s', false)",
                [limit, limit],
            )
        self.connection.patience = self.patience + _GRACE
