"""A task is stored with what it belongs to, and a worker runs it afterwards."""

from collections.abc import Iterator

import pytest
from django.db import connection, transaction
from django_tasks_db.models import DBTaskResult

from syteops.core.tasks import task
from tests.background import run_tasks

pytestmark = pytest.mark.django_db

_done: list[str] = []


@task()
def note_down(text: str) -> str:
    _done.append(text)
    return text.upper()


@task()
def stumble() -> None:
    raise ValueError("It is too late.")


@task()
def note_down_later(text: str) -> None:
    note_down.enqueue(text)


@pytest.fixture(autouse=True)
def _nothing_done() -> Iterator[None]:
    yield
    _done.clear()


def test_a_task_runs_when_a_worker_does_and_not_before():
    note_down.enqueue("one")
    assert _done == []
    (result,) = run_tasks()
    assert _done == ["one"]
    assert (result.status, result.return_value) == ("SUCCESSFUL", "ONE")


def test_a_task_of_a_transaction_that_is_rolled_back_was_never_there():
    with transaction.atomic():
        note_down.enqueue("never")
        transaction.set_rollback(True)
    assert not DBTaskResult.objects.exists()
    assert run_tasks() == []


@pytest.mark.combination
@pytest.mark.django_db(transaction=True)
def test_a_task_is_there_for_others_once_its_transaction_is():
    with transaction.atomic():
        note_down.enqueue("with it")
    connection.close()  # what another process would see
    assert [one.return_value for one in run_tasks()] == ["WITH IT"]


def test_what_tasks_enqueue_runs_too():
    note_down_later.enqueue("and then")
    assert len(run_tasks()) == 2
    assert _done == ["and then"]


def test_a_task_that_fails_fails_the_test_unless_it_may():
    stumble.enqueue()
    with pytest.raises(AssertionError, match="It is too late"):
        run_tasks()
    stumble.enqueue()
    (result,) = run_tasks(may_fail=True)
    assert result.status == "FAILED"


def test_a_failed_task_is_logged_once_with_its_traceback(caplog):
    stumble.enqueue()
    run_tasks(may_fail=True)
    (record,) = [one for one in caplog.records if one.levelname == "ERROR"]
    assert record.exc_info is not None
    assert "It is too late" in str(record.exc_info[1])
