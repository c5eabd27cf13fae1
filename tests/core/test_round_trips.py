"""What need not be asked of PostgreSQL by itself goes along with what is asked anyway."""

import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import product
from typing import Any

import pytest
from django.db import InternalError, ProgrammingError, connection, transaction

from syteops.core.prepared import Prepared
from syteops.crm.models import CrmSystem

pytestmark = [
    pytest.mark.combination,
    pytest.mark.postgresql_only,
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def sent() -> Iterator[Callable[[], list[str]]]:
    """What went to the server since, a message at a time."""
    connection.ensure_connection()
    with tempfile.TemporaryFile("w+") as file:
        connection.connection.pgconn.trace(file.fileno())

        def read() -> list[str]:
            connection.connection.pgconn.untrace()
            file.seek(0)
            messages = re.findall(r'\tF\t\d+\t(?:Query|Parse\t "\S*")\s+"(.*)"', file.read())
            return [re.sub('"s[0-9]+_x([0-9]+)"', r"s\1", one) for one in messages]

        yield read
        connection.connection.pgconn.untrace()


def ask(text: str, *values: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(text, values)
        return cursor.fetchall() if cursor.description else cursor.rowcount


def test_neither_a_beginning_nor_the_end_of_a_savepoint_is_a_round_trip(
    sent: Callable[[], list[str]],
) -> None:
    with transaction.atomic():
        assert ask("SELECT 1") == [(1,)]
        for number in (2, 3):
            with transaction.atomic():
                assert ask(f"SELECT {number}") == [(number,)]
    with transaction.atomic(), transaction.atomic():
        assert ask("UPDATE crm_crmsystem SET number = number") == 0

    begin, first, two, next_one, three, *others = sent()
    assert [begin, two, three] == ["BEGIN; SELECT 1", "SELECT 2", "SELECT 3"]
    assert re.fullmatch("SAVEPOINT s[0-9]+", first)
    assert re.fullmatch(f"RELEASE {first}; SAVEPOINT s[0-9]+", next_one)
    assert others[0::2] == ["COMMIT", "UPDATE crm_crmsystem SET number = number"]
    assert re.fullmatch("BEGIN; SAVEPOINT s[0-9]+", others[1])
    assert others[3:] == ["COMMIT"]


def test_a_prepared_statement_begins_its_transaction_before(
    sent: Callable[[], list[str]],
) -> None:
    found = Prepared(lambda number: CrmSystem.objects.filter(number=number))
    with suppress(ProgrammingError), transaction.atomic():
        ask("SELECT %s")  # a value is missing, so it is never sent
    with transaction.atomic():
        assert found(1) == []

    begin, statement, commit = sent()
    assert [begin, commit] == ["BEGIN; ", "COMMIT"]
    assert statement.startswith("SELECT ")


def test_what_is_wrong_at_first_ends_its_transaction_alone() -> None:
    with pytest.raises(ProgrammingError, match="nowhere"), transaction.atomic():
        ask("SELECT * FROM nowhere")
    CrmSystem.objects.create(name="HubSpot", number=1)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE crm_crmsystem SET number = %s WHERE number = %s", [(2, 1), (3, 2)]
        )
        assert cursor.rowcount == 2
        assert ask("SELECT number FROM crm_crmsystem") == [(3,)]
        transaction.set_rollback(True)
    assert ask("SELECT number FROM crm_crmsystem") == [(1,)]


@transaction.atomic
def store_and_hide_a_failure() -> None:
    CrmSystem.objects.create(name="HubSpot", number=1)
    with transaction.atomic(), suppress(ProgrammingError):
        ask("SELECT * FROM nowhere")


def test_a_savepoint_in_which_a_statement_failed_does_not_end_as_if_it_had_not() -> None:
    with pytest.raises(InternalError):
        store_and_hide_a_failure()


class Failed(Exception):
    pass


TREE = {"a": "b", "b": "cd", "c": "", "d": "e", "e": ""}
"""What is done within what, each in a savepoint of its own; all that fails is caught outside it."""


def work(name: str, failing: set[str]) -> None:
    with suppress(Failed), transaction.atomic():
        CrmSystem.objects.create(name=name, number=ord(name))
        for inner in TREE[name]:
            work(inner, failing)
        if name in failing:
            raise Failed


def left(name: str, failing: set[str]) -> set[str]:
    """What should be there then."""
    if name in failing:
        return set()
    return {name}.union(*(left(inner, failing) for inner in TREE[name]))


def test_what_fails_takes_back_all_within_it_and_nothing_else() -> None:
    for fails in product((False, True), repeat=len(TREE)):
        failing = {name for name, one in zip(TREE, fails, strict=True) if one}
        with transaction.atomic():
            work("a", failing)
            assert {*CrmSystem.objects.values_list("name", flat=True)} == left("a", failing)
            transaction.set_rollback(True)
