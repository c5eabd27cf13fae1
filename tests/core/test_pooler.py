"""Behind pgbouncer each transaction may meet another session of PostgreSQL: nothing relies on one,
and nothing is left in one. Everything here goes through a pgbouncer with one or two sessions.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db import OperationalError, connection, transaction

from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.core.locks import Busy, exclusive, snapshot
from syteops.core.prepared import Prepared
from syteops.crm import services
from syteops.crm.models import CrmSystem
from syteops.server.backup import databases
from tests.servers import RealServer, ServerUnavailable, pgbouncer_server
from tests.threads import elsewhere
from tests.waiting import becomes_true

pytestmark = [
    pytest.mark.combination,
    pytest.mark.postgresql_only,
    pytest.mark.django_db(transaction=True),
]

PATIENCE, BOUND = 1.0, 15.0  # seconds
LIMITS = "statement_timeout", "idle_in_transaction_session_timeout", "lock_timeout"


@pytest.fixture(scope="module")
def pooler() -> Iterator[RealServer]:
    try:
        with pgbouncer_server(
            os.environ["SYTEOPS_TEST_DATABASE_URL"], default_pool_size="2"
        ) as server:
            yield server
    except ServerUnavailable as reason:
        pytest.skip(str(reason))


@pytest.fixture(autouse=True)
def _through_it(pooler: RealServer, transactional_db: None) -> Iterator[None]:
    """The connections of this test lead through pgbouncer, also those of other threads."""
    address, kept = urlsplit(pooler.address), dict(connection.settings_dict)
    connection.close()
    connection.settings_dict.update(PORT=address.port, PASSWORD=address.password)
    yield
    connection.close()
    connection.settings_dict.update(kept)


@contextmanager
def patient(seconds: float | None) -> Iterator[Any]:
    """Another connection, such as a server process has, or with None a command."""
    other: Any = connection.copy()
    with closing(other):
        other.patience = seconds
        yield other


def ask(asked: Any, statement: str) -> Any:
    with asked.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]


def sessions() -> list[tuple[str, ...]]:
    """The limits that are set in the sessions, of which no more than two are there."""
    with elsewhere(transaction.atomic()):
        """Both are in use once."""
    with patient(None) as one, patient(None) as two:
        for each in (one, two):
            each.set_autocommit(False)
        found = [tuple(ask(each, f"SHOW {name}") for name in LIMITS) for each in (one, two)]
        pids = {ask(each, "SELECT pg_backend_pid()") for each in (one, two)}
    assert len(pids) == 2
    return found


def test_no_plan_is_left_in_a_session() -> None:
    found = Prepared(lambda number: CrmSystem.objects.filter(number=number))
    for _ in range(7):
        assert found(7) == []

    with patient(None) as one, patient(None) as two:
        for each in (one, two):
            begin(each)
            assert ask(each, "SELECT count(*) FROM pg_prepared_statements") == 0


# --- Limits ------------------------------------------------------------------------------------


def begin(asked: Any) -> None:
    asked.set_autocommit(False)


def begin_and_work(asked: Any) -> None:
    begin(asked)
    ask(asked, "SELECT 1")


def do_nothing(asked: Any) -> None:
    pass


def see_it_ended_in_time(server: Any) -> None:
    """A statement that takes too long: by PostgreSQL itself, and not only given up by us while it
    goes on there."""
    begun = time.monotonic()

    with pytest.raises(OperationalError) as raised:
        ask(server, "SELECT pg_sleep(60)")

    assert isinstance(raised.value.__cause__, psycopg.errors.QueryCanceled)
    assert time.monotonic() - begun < BOUND
    if not server.get_autocommit():
        server.rollback()


@pytest.mark.parametrize("before", [do_nothing, begin, begin_and_work])
def test_a_statement_is_ended_in_time_wherever_it_is(before: Callable[[Any], None]) -> None:
    with patient(PATIENCE) as server:
        before(server)
        see_it_ended_in_time(server)
        assert ask(server, "SELECT 1") == 1


@pytest.mark.parametrize("before", [do_nothing, begin])
def test_a_lock_is_not_waited_for_any_longer(before: Callable[[Any], None]) -> None:
    with patient(None) as holder, patient(PATIENCE) as server:
        begin(holder)
        ask(holder, "SELECT 1 FROM (SELECT pg_advisory_xact_lock(1)) AS taken")
        before(server)
        begun = time.monotonic()

        with pytest.raises(OperationalError):
            ask(server, "SELECT pg_advisory_xact_lock(1)")

        assert time.monotonic() - begun < BOUND


def test_commands_may_take_longer_even_in_a_session_that_a_server_had() -> None:
    before = sessions()
    with patient(PATIENCE) as one, patient(PATIENCE) as two:
        for server in (one, two):
            ask(server, "SELECT 1")
            begin_and_work(server)
        for server in (one, two):
            server.commit()

    assert sessions() == before
    with patient(None) as command:
        ask(command, "SELECT pg_sleep(1.5)")


def test_a_transaction_has_all_its_limits_from_the_beginning() -> None:
    with patient(PATIENCE) as server:
        begin_and_work(server)
        assert ask(server, "SHOW idle_in_transaction_session_timeout") == "1min"
        assert ask(server, "SHOW statement_timeout") == "1s"
        assert ask(server, "SHOW jit") == "off"


def test_what_the_limit_brings_is_no_result() -> None:
    with patient(PATIENCE) as server, server.cursor() as cursor:
        cursor.execute("SELECT generate_series(1, %s)", [3])
        assert (cursor.rowcount, cursor.fetchall(), cursor.nextset()) == (
            3,
            [(1,), (2,), (3,)],
            None,
        )
        cursor.execute("SELECT 1; SELECT 2")
        assert (cursor.fetchall(), cursor.nextset(), cursor.fetchall()) == ([(1,)], True, [(2,)])


def test_a_first_statement_that_fails_leaves_a_connection_that_works() -> None:
    with patient(PATIENCE) as server:
        for autocommit in (True, False):
            server.set_autocommit(autocommit)
            with pytest.raises(Exception, match="nowhere"):
                ask(server, "SELECT 1 FROM nowhere")
            if not autocommit:
                server.rollback()
            assert ask(server, "SELECT 1") == 1


# --- Locks -------------------------------------------------------------------------------------


# Other tests have databases of their own on the same server.
LOCKS = (
    " FROM pg_locks JOIN pg_database d ON d.oid = database"
    " WHERE locktype = 'advisory' AND datname = current_database()"
)


def locks_held() -> int:
    return int(ask(connection, f"SELECT count(*){LOCKS}"))


def test_an_exclusive_run_keeps_others_away_and_leaves_no_lock_behind() -> None:
    with elsewhere(exclusive("mine")):
        for _ in range(3):
            with pytest.raises(Busy), exclusive("mine"):
                pass
        services.create_crm_system(SYSTEM, name="Meanwhile")

    assert becomes_true(lambda: locks_held() == 0)
    with exclusive("mine"):
        assert locks_held() == 1
    assert becomes_true(lambda: locks_held() == 0)


def test_who_has_lost_the_lock_is_told() -> None:
    with exclusive("mine") as require_lock:
        require_lock()
        ask(
            connection,
            f"SELECT pg_terminate_backend(pid){LOCKS}",
        )
        with pytest.raises(OperationalError):
            require_lock()
    with exclusive("mine") as require_lock:
        require_lock()


# --- Cursors -----------------------------------------------------------------------------------


def test_rows_are_read_piece_by_piece_in_a_transaction_and_at_once_outside() -> None:
    for number in range(5):
        services.create_crm_system(SYSTEM, name=f"System {number}")
    entries = AuditEntry.objects.order_by("pk")

    outside = entries.iterator(chunk_size=2)
    first = next(outside)
    with snapshot():
        inside = entries.iterator(chunk_size=2)
        assert next(inside) == first
        assert ask(connection, "SELECT count(*) FROM pg_cursors") == 1
        assert len([*inside, *outside]) == 2 * (entries.count() - 1)
    assert ask(connection, "SELECT count(*) FROM pg_cursors") == 0


# --- PostgreSQL's own programs -------------------------------------------------------------------


@pytest.mark.parametrize("use", [databases.dump, databases.load])
def test_they_are_kept_out_because_they_would_spoil_the_sessions_of_the_site(
    use: Callable[[Path], None], tmp_path: Path
) -> None:
    with pytest.raises(databases.ClientFailed, match="address of PostgreSQL itself"):
        use(tmp_path / "copy")

    assert not (tmp_path / "copy").exists()
    assert "public" in ask(connection, "SHOW search_path")
