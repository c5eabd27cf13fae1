"""Without a pooler a session of PostgreSQL is ours alone: it has our limits, and keeps plans."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from django.db import InternalError, connection

from syteops.core.actors import SYSTEM
from syteops.core.prepared import Prepared
from syteops.crm import services
from syteops.crm.models import CrmSystem
from tests.core.test_pooler import (
    LIMITS,
    PATIENCE,
    ask,
    begin,
    begin_and_work,
    do_nothing,
    patient,
    see_it_ended_in_time,
)

pytestmark = [
    pytest.mark.combination,
    pytest.mark.postgresql_only,
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def server() -> Iterator[Any]:
    """A connection such as a server process has, in a session of its own."""
    with patient(PATIENCE) as other:
        other.settings_dict = {**other.settings_dict, "CONN_HEALTH_CHECKS": True}
        yield other


@pytest.mark.parametrize("before", [do_nothing, begin, begin_and_work])
def test_a_statement_is_ended_in_time(before: Any, server: Any) -> None:
    before(server)
    see_it_ended_in_time(server)
    # Where an attempt was rolled back, too.
    assert [ask(server, f"SHOW {name}") for name in LIMITS] == ["1s", "1min", "0"]
    assert ask(server, "SHOW jit") == "off"


def test_no_command_has_a_limit() -> None:
    with patient(None) as command:
        assert [ask(command, f"SHOW {name}") for name in LIMITS] == ["0", "0", "0"]
        assert ask(command, "SHOW jit") == "off"


def test_plans_of_prepared_statements_are_kept_and_those_of_others_not() -> None:
    found = Prepared(lambda number: CrmSystem.objects.filter(number=number))
    for _ in range(7):
        assert found(7) == []
        assert list(CrmSystem.objects.filter(number=8)) == []
    kept = connection.cursor()
    kept.execute("SELECT statement, generic_plans + custom_plans FROM pg_prepared_statements")
    times = {statement: count for statement, count in kept.fetchall() if '"number" =' in statement}

    assert [*times.values()] == [2]
    system = services.create_crm_system(SYSTEM, name="Kept")
    assert found(system.number) == [system]


def test_whether_the_server_is_there_is_not_asked_in_each_request(
    server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(type(server), "is_usable", asked.append)
    first = ask(server, "SELECT pg_backend_pid()")

    server.close_if_unusable_or_obsolete()

    assert ask(server, "SELECT pg_backend_pid()") == first
    assert asked == []


def test_a_connection_that_the_server_has_ended_is_replaced(server: Any) -> None:
    first = ask(server, "SELECT pg_backend_pid()")
    with patient(None) as other, closing(other.cursor()) as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [first])

    server.close_if_unusable_or_obsolete()

    assert ask(server, "SELECT pg_backend_pid()") != first


def test_a_session_that_began_while_nothing_could_be_written_is_not_kept(server: Any) -> None:
    """It takes no writes for ever, though the database does again; only a restart helped."""
    write = "DELETE FROM crm_crmsystem WHERE false"
    server.cursor().execute("SET default_transaction_read_only = on")
    server.set_autocommit(False)
    with pytest.raises(InternalError, match="read-only"):
        server.cursor().execute(write)
    server.rollback()  # by which Django forgets that anything failed
    server.set_autocommit(True)
    server.close_if_unusable_or_obsolete()
    server.cursor().execute(write)
