"""Locks that end with the process that holds them, snapshots, and races that are lost."""

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from math import inf
from time import monotonic
from typing import Any
from unittest.mock import Mock

import pytest
from django.core.management.base import CommandError
from django.db import OperationalError, connection, connections, transaction

from manage_api import execution, idempotency
from manage_api.keys.models import ApiSwitch
from manage_api.keys.services import generate_site_key
from syteops.core import locks
from syteops.core.actors import SYSTEM
from syteops.core.locks import (
    Busy,
    exclusive,
    exclusive_transaction,
    shared_transaction_lock,
    snapshot,
    transaction_lock,
)
from syteops.crm import services
from syteops.crm.models import CrmSystem
from syteops.server.management.commands import setup
from tests.environment import ROOT
from tests.fixtures import Api
from tests.threads import elsewhere
from tests.waiting import PATIENCE, becomes_true

pytestmark = [pytest.mark.combination, pytest.mark.django_db(transaction=True)]

# A lock knows no model: `django.setup()` would take ten times as long as all the rest.
HOLDER = """
import sys
from syteops.core.locks import exclusive_transaction
with exclusive_transaction("mine", list):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def site_key(transactional_db: None) -> str:
    """The text of the site key, also after a test that has emptied every table."""
    ApiSwitch.objects.get_or_create(pk=1)
    return generate_site_key(SYSTEM).text


@contextmanager
def other_process() -> Iterator["subprocess.Popen[str]"]:
    """A process that holds the lock "mine" beside our database."""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "syteops.settings"}
    if connection.vendor == "postgresql":
        server = os.environ["SYTEOPS_TEST_DATABASE_URL"].rpartition("/")[0]
        environment["DATABASE_URL"] = f"{server}/{connection.settings_dict['NAME']}"
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.wait()


def is_free(name: str) -> bool:
    try:
        with exclusive_transaction(name, list):
            return True
    except Busy:
        return False


def test_it_is_held_against_other_processes_and_let_go_by_kill() -> None:
    with other_process() as process:
        assert not is_free("mine")
        assert is_free("another")

        process.kill()
        process.wait()

        # PostgreSQL notices the broken connection by itself, a moment later.
        assert becomes_true(lambda: is_free("mine"))


def test_it_is_held_against_other_threads_of_the_same_process() -> None:
    with elsewhere(exclusive_transaction("mine", list)):
        assert not is_free("mine")

    assert is_free("mine")


def test_it_is_let_go_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError), exclusive_transaction("mine", list):
        _ = 1 / 0

    assert is_free("mine")


@contextmanager
def holding(lock: Callable[[str], None]) -> Iterator[None]:
    """A transaction that has taken the lock "mine". OperationalError: it is held elsewhere."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '200ms'")
        lock("mine")
        yield


@pytest.mark.postgresql_only
@pytest.mark.parametrize(
    ("held", "wanted"),
    [
        (transaction_lock, transaction_lock),
        (transaction_lock, shared_transaction_lock),
        (shared_transaction_lock, transaction_lock),
    ],
)
def test_a_transaction_waits_for_another_that_holds_the_lock(
    held: Callable[[str], None], wanted: Callable[[str], None]
) -> None:
    with elsewhere(holding(held)), pytest.raises(OperationalError), holding(wanted):
        pass

    with holding(wanted):
        """It is free again."""


@pytest.mark.postgresql_only
def test_those_who_share_a_lock_do_not_wait_for_each_other() -> None:
    with elsewhere(holding(shared_transaction_lock)), holding(shared_transaction_lock):
        pass


def test_a_snapshot_sees_one_moment_and_keeps_no_writer_waiting() -> None:
    services.create_crm_system(SYSTEM, name="Before")

    def write() -> None:
        services.create_crm_system(SYSTEM, name="After")
        connection.close()

    with snapshot(), snapshot():
        assert CrmSystem.objects.count() == 1
        writer = threading.Thread(target=write)
        writer.start()
        writer.join(PATIENCE)
        assert not writer.is_alive()
        assert CrmSystem.objects.count() == 1

    assert CrmSystem.objects.count() == 2


def test_a_snapshot_inside_a_transaction_is_that_transaction() -> None:
    with transaction.atomic():
        services.create_crm_system(SYSTEM, name="Mine")
        with snapshot():
            assert CrmSystem.objects.count() == 1


# --- What the API does with them ---------------------------------------------------------------


def test_a_second_request_with_a_key_in_use_is_told_to_wait(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "_digest", lambda call, key: "digest")

    with elsewhere(exclusive_transaction("idempotency digest", list)):
        answer = api.post("/crm-systems", {"name": "One"}, Idempotency_Key="in-use")

    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_in_progress")
    assert answer.headers["Retry-After"] == "1"
    assert api.post("/crm-systems", {"name": "One"}, Idempotency_Key="in-use").status_code == 201


def deadlocks(times: int, perform: Callable[..., Any]) -> Callable[..., Any]:
    """`perform`, of which the first so many calls are ended by PostgreSQL."""
    left = [times]

    def ended(call: Any) -> Any:
        data = perform(call)
        if left[0]:
            left[0] -= 1
            cause = Exception()
            cause.sqlstate = "40P01"  # type: ignore[attr-defined]
            raise OperationalError("deadlock detected") from cause
        return data

    return ended


@pytest.mark.parametrize("key", [{}, {"Idempotency_Key": "deadlocked"}])
def test_a_write_that_was_ended_for_anothers_sake_is_repeated(
    api: Api, monkeypatch: pytest.MonkeyPatch, key: dict[str, str]
) -> None:
    monkeypatch.setattr(execution, "perform", deadlocks(2, execution.perform))

    answer = api.post("/crm-systems", {"name": "One"}, **key)

    assert (answer.status_code, answer.json()["crm_num"]) == (201, "001")
    assert CrmSystem.objects.count() == 1


def test_in_the_end_it_is_a_conflict_and_nothing_is_stored(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execution, "perform", deadlocks(99, execution.perform))

    answer = api.post("/crm-systems", {"name": "One"})

    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert not CrmSystem.objects.exists()


@pytest.mark.sqlite_only
@pytest.mark.django_db(transaction=True)
def test_who_waits_in_vain_for_sqlites_writer_is_told_to_try_again(api: Api) -> None:
    key = {"Idempotency-Key": "mine"}
    done = api.post("/crm-systems", {"name": "Zero"}, **key).content
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 50")
    other = sqlite3.connect(connection.settings_dict["NAME"])
    other.execute("BEGIN IMMEDIATE")
    try:
        answer = api.post("/crm-systems", {"name": "One"})
        # What writes nothing waits for nobody.
        wrong = api.post("/crm-systems", {"name": ""})
        again = api.post("/crm-systems", {"name": "Zero"}, **key).content
    finally:
        other.close()
        connection.close()

    assert wrong.json()["code"] == "validation_error"
    assert again == done
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert int(answer.headers["Retry-After"]) >= 1
    assert [one.name for one in CrmSystem.objects.all()] == ["Zero"]
    assert api.post("/crm-systems", {"name": "One"}).status_code == 201


def test_an_exclusive_run_waits_for_another_to_end_where_it_is_told_to() -> None:
    order: list[str] = []

    def wait() -> None:
        with exclusive("mine", until=inf):
            order.append("second")
        connection.close()

    with other_process() as process:
        with pytest.raises(Busy), exclusive("mine"):
            pass
        thread = threading.Thread(target=wait)
        thread.start()
        order.append("first")
        assert process.stdin is not None
        process.stdin.close()
        process.wait(timeout=PATIENCE)
    thread.join(timeout=PATIENCE)

    assert order == ["first", "second"]


def test_who_waits_for_an_exclusive_run_opens_one_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    copy = Mock(wraps=connection.copy)
    with elsewhere(exclusive("mine")):
        monkeypatch.setattr(locks, "LOOKS_AGAIN", 0.01)
        monkeypatch.setattr(connections["default"], "copy", copy)
        with pytest.raises(Busy), exclusive("mine", until=monotonic() + 0.1):
            pass
    assert copy.call_count == (connection.vendor == "postgresql")


# --- Bounded waits ---------------------------------------------------------------------------


@contextmanager
def table_in_use() -> Iterator[None]:
    """Somebody reads it for long, as `pg_dump` does."""
    with transaction.atomic():
        CrmSystem.objects.exists()
        yield


@pytest.mark.postgresql_only
def test_a_change_of_a_table_does_not_have_all_wait_behind_it_for_long() -> None:
    """While a backup was made, an upgrade kept all servers from reading until that had ended."""

    def change() -> None:
        with locks.bounded_waits(0.1), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE crm_crmsystem")

    with elsewhere(table_in_use()), pytest.raises(OperationalError) as refused:
        change()
    assert locks.is_lock_refused(refused.value)
    change()
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone()[0] == "0"


@pytest.mark.parametrize("refusals", [2, 99])
def test_setup_tries_again_while_a_table_is_in_use(
    monkeypatch: pytest.MonkeyPatch, refusals: int
) -> None:
    said: list[str] = []

    def migrate(name: str, **options: Any) -> None:
        said.append(name)
        if said.count(name) <= refusals:
            cause = Exception()
            cause.sqlstate = "55P03"  # type: ignore[attr-defined]
            raise OperationalError("canceling statement due to lock timeout") from cause

    monkeypatch.setattr(setup, "call_command", migrate)
    monkeypatch.setattr(setup, "sleep", lambda seconds: said.append("rests"))
    with nullcontext() if refusals == 2 else pytest.raises(CommandError, match="a backup"):
        assert list(setup.Command()._migrate()) == []
    assert said == ["migrate", "rests"] * 2 + ["migrate"] if refusals == 2 else len(said) == 11
