"""What keys read is noted for everything that is answered, and no read writes it."""

import threading
from collections.abc import Callable
from datetime import timedelta
from time import time
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from syteops.automation import reads, services
from syteops.automation.models import VariableRead
from syteops.core.actors import SYSTEM
from tests.fixtures import Api

pytestmark = pytest.mark.django_db
NAME = "syteops_api_greeting"


@pytest.fixture(autouse=True)
def _variable() -> None:
    services.create_variable(SYSTEM, key="greeting", value="Hello")


def stored() -> dict[str, int]:
    """How often each name was read, by whomever."""
    reads.flush()
    return dict(VariableRead.objects.values_list("name", "reads"))


# --- What counts -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("read", "name"),
    [
        (lambda api: api.get("/variables/greeting"), NAME),
        (lambda api: api.get(f"/variables/{NAME}"), NAME),
        (lambda api: api.dispatch("variables.get", {"key": "greeting"}), NAME),
        (lambda api: api.get("/dispatch?resource=variables&action=get&key=greeting"), NAME),
        (lambda api: api.get("/variables/export"), ""),
        (lambda api: api.get("/variables/export?format=env"), ""),
        (lambda api: api.dispatch("variables.export"), ""),
    ],
)
def test_each_door_notes_it_under_the_full_name(api: Api, read: Any, name: str) -> None:
    assert read(api).status_code == 200
    assert stored() == {name: 1}


def test_a_304_is_a_read_too(api: Api) -> None:
    for path in ("/variables/export", "/variables/greeting"):
        etag = api.get(path)["ETag"]
        assert api.get(path, If_None_Match=etag).status_code == 304
    assert stored() == {"": 2, NAME: 2}


@pytest.mark.django_db(transaction=True)
def test_what_is_answered_from_memory_is_a_read_too(api: Api) -> None:
    for _ in range(3):
        api.get("/variables/export")
    assert stored() == {"": 3}


def test_what_is_refused_or_not_found_or_no_variable_is_none(
    api: Api, make_key: Callable[..., str]
) -> None:
    api.get("/variables/nothing")
    api.get("/variables/export?format=xml")
    api.get("/variables")
    Api(make_key("crm:read")).get("/variables/greeting")
    assert stored() == {}


def test_writes_and_what_guards_them_are_no_reads(api: Api) -> None:
    etag = api.put("/variables/greeting", {"value": "Hi"})["ETag"]
    api.put("/variables/greeting", {"value": "Ho"}, If_Match=etag)
    assert stored() == {}


def test_a_person_is_no_tool(as_person: Callable[[User], Api], alice: User) -> None:
    assert as_person(alice).get("/variables/greeting").status_code == 200
    assert stored() == {}


# --- What it costs ---------------------------------------------------------------------------


def test_a_read_writes_nothing(api: Api) -> None:
    with CaptureQueriesContext(connection) as queries:
        api.get("/variables/greeting")
        api.get("/variables/export")
    assert all(one["sql"].lstrip("(").startswith("SELECT") for one in queries)


def test_a_hundred_thousand_names_fill_neither_memory_nor_the_table(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reads, "MOST", 1000)
    for number in range(100_000):
        reads.note("a-key", f"syteops_api_n{number}")
    assert len(reads._noted) == 1000
    assert len(stored()) == 1000


def test_names_of_nothing_are_not_noted_at_all(api: Api) -> None:
    for number in range(50):
        api.get(f"/variables/unknown_{number}")
        api.get(f"/variables/syteops_unknown_{number}")
    assert reads._noted == {}


def test_a_flush_takes_as_many_queries_for_one_as_for_hundreds(api: Api) -> None:
    for number in range(reads._BATCH):
        reads.note("a-key", f"syteops_api_n{number}")
    with CaptureQueriesContext(connection) as queries:
        reads.flush()
    assert len([one for one in queries if "INSERT" in one["sql"]]) == 1
    with CaptureQueriesContext(connection) as queries:
        reads.flush()
    assert len(queries) == 0


# --- When it cannot be written ---------------------------------------------------------------


def read_only(execute: Any, sql: str, *args: Any) -> Any:
    if not sql.lstrip("( ").startswith(("SELECT", "SAVEPOINT", "RELEASE", "ROLLBACK")):
        raise OperationalError("attempt to write a readonly database")
    return execute(sql, *args)


def test_a_read_only_database_still_answers_and_reads_count_the_next_time(api: Api) -> None:
    with connection.execute_wrapper(read_only):
        assert api.get("/variables/greeting").json()["value"] == "Hello"
        with pytest.raises(OperationalError):
            reads.flush()
        api.get("/variables/greeting")
    assert stored() == {NAME: 2}


@pytest.mark.django_db(transaction=True)
@pytest.mark.combination
def test_processes_that_write_the_same_at_once_lose_no_read() -> None:
    names = [f"syteops_api_n{number}" for number in range(50)]

    def write(order: list[str]) -> None:
        for _ in range(10):
            reads._write([(("a-key", name), (1, time())) for name in order])
        connection.close()

    threads = [threading.Thread(target=write, args=(names,)) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert set(VariableRead.objects.values_list("reads", flat=True)) == {40}
    assert VariableRead.objects.count() == len(names)


def test_the_last_read_is_the_later_one_whoever_writes_first() -> None:
    now = time()
    for at in (now, now - 3600):
        reads._write([(("a-key", NAME), (1, at))])
    assert VariableRead.objects.get().last_read_at.timestamp() == pytest.approx(now, abs=0.001)


def test_what_was_read_too_long_ago_is_forgotten() -> None:
    for name, days in (("old", 401), ("yearly", 399)):
        at = timezone.now() - timedelta(days=days)
        VariableRead.objects.create(key_id="a-key", name=name, reads=1, last_read_at=at)
    reads.forget_old_reads()
    assert stored() == {"yearly": 1}
