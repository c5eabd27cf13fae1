"""A worker in this process: what keeps what waiting, and what becomes of tasks that were left."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from time import time
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from syteops.tasks import services
from syteops.tasks import worker as worker_module
from syteops.tasks.models import TaskWorker
from syteops.tasks.presence import DEAD_AFTER, WRITTEN_EVERY, Presence, living_workers
from syteops.tasks.queries import (
    ready_by_queue,
    running_tasks,
    task_state,
    tasks_are_stuck,
    worker_lag,
)
from syteops.tasks.services import MOST_ATTEMPTS, forget_ended_tasks, recover_lost_tasks
from syteops.tasks.worker import Worker
from tests.background import run_tasks
from tests.tasks.samples import hold, stumble, touch
from tests.waiting import PATIENCE, becomes_true

pytestmark = [pytest.mark.combination, pytest.mark.django_db(transaction=True)]


@contextmanager
def working(threads: int = 2) -> Iterator[Worker]:
    """A worker of this process, in a thread."""
    worker = Worker(threads)

    def run() -> None:
        try:
            worker.run()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield worker
    finally:
        worker.end()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def claimed(worker: str, attempts: int = 1) -> DBTaskResult[Any, Any]:
    """A task that this worker has begun and not ended."""
    stumble.enqueue()
    task = DBTaskResult.objects.latest("enqueued_at")
    task.worker_ids = [f"{worker}:{number}" for number in range(attempts - 1)]
    task.claim(f"{worker}:9")
    return task


def seen(worker: str, seconds_ago: float) -> None:
    at = timezone.now() - timedelta(seconds=seconds_ago)
    TaskWorker.objects.create(id=worker, started_at=at, seen_at=at)


# --- Running -------------------------------------------------------------------------------


def test_a_slow_task_keeps_no_other_waiting(tmp_path: Path) -> None:
    hold.enqueue(str(tmp_path), "slow")
    with working(threads=2):
        assert becomes_true(lambda: list(tmp_path.glob("began-slow-*")))
        for number in range(10):
            touch.enqueue(str(tmp_path), f"quick{number}")
        assert becomes_true(lambda: len(list(tmp_path.glob("quick*"))) == 10)
        assert not (tmp_path / "ended-slow").exists()
        (tmp_path / "go-slow").touch()
        assert becomes_true(lambda: DBTaskResult.objects.successful().count() == 11)


def test_no_more_run_at_once_than_there_are_threads(tmp_path: Path) -> None:
    for number in range(3):
        hold.enqueue(str(tmp_path), str(number))
    with working(threads=2):
        assert becomes_true(lambda: len(list(tmp_path.glob("began-*"))) == 2)
        assert task_state().ready == 1
        for number in range(3):
            (tmp_path / f"go-{number}").touch()
        assert becomes_true(lambda: len(list(tmp_path.glob("ended-*"))) == 3)
    assert len(list(tmp_path.glob("began-*"))) == 3


def test_many_slow_tasks_of_a_queue_keep_none_of_another_waiting(tmp_path: Path) -> None:
    for number in range(3):
        hold.using(queue_name="slow").enqueue(str(tmp_path), str(number))
    with working(threads=2):
        assert becomes_true(lambda: len(list(tmp_path.glob("began-*"))) == 2)
        touch.enqueue(str(tmp_path), "quick")
        touch.using(queue_name="deliveries").enqueue(str(tmp_path), "delivery")
        assert becomes_true((tmp_path / "quick").exists)
        assert becomes_true((tmp_path / "delivery").exists)
        assert len(list(tmp_path.glob("began-*"))) == 2
        for number in range(3):
            (tmp_path / f"go-{number}").touch()
        assert becomes_true(lambda: DBTaskResult.objects.successful().count() == 5)


def test_each_task_runs_once_though_several_workers_look_for_it(tmp_path: Path) -> None:
    for number in range(40):
        hold.enqueue(str(tmp_path), str(number))
        (tmp_path / f"go-{number}").touch()
    with working(threads=3), working(threads=3):
        assert becomes_true(lambda: DBTaskResult.objects.successful().count() == 40)
    assert len(list(tmp_path.glob("began-*"))) == 40


def test_an_idle_worker_writes_nothing() -> None:
    """SQLite has one write lock, for which requests would wait."""
    statements: list[str] = []
    worker = Worker(2)
    worker._presence.begin()
    worker._turn(worker._live)

    def note(execute: Any, sql: str, *args: Any) -> Any:
        statements.append(sql)
        return execute(sql, *args)

    with connection.execute_wrapper(note):
        worker._turn(worker._live, worker._take_off_ended, worker._begin_ready)
    assert len(statements) == 1
    assert statements[0].startswith("SELECT")
    worker._presence.end()


def test_once_runs_what_is_ready_and_what_that_enqueues_and_ends(tmp_path: Path) -> None:
    touch.enqueue(str(tmp_path), "one")
    stumble.enqueue()
    assert Worker(2, once=True).run()
    assert (tmp_path / "one").exists()
    assert task_state().failed == 1
    assert not TaskWorker.objects.exists()


def test_a_database_that_is_away_is_waited_for_and_said_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    looks = iter([OperationalError("gone"), OperationalError("gone")])

    def look() -> dict[str, int]:
        if error := next(looks, None):
            raise error
        return ready_by_queue()

    monkeypatch.setattr(worker_module, "ready_by_queue", look)
    monkeypatch.setattr(worker_module, "RETRY_AFTER", 0.05)
    touch.enqueue(str(tmp_path), "after all")
    with working():
        assert becomes_true((tmp_path / "after all").exists)
    said = [one.getMessage() for one in caplog.records if one.levelname == "ERROR"]
    assert said == ["The worker cannot get at its tasks."]


# --- What was left -------------------------------------------------------------------------


def test_a_task_of_a_worker_whose_heart_has_stopped_is_ready_again() -> None:
    seen("elsewhere", seconds_ago=61)
    task = claimed("elsewhere")
    assert recover_lost_tasks("me") == 1
    task.refresh_from_db()
    assert (task.status, task.started_at) == ("READY", None)
    assert not TaskWorker.objects.exists()


def test_a_task_of_a_worker_that_lives_is_left_alone() -> None:
    seen("elsewhere", seconds_ago=55)
    claimed("elsewhere")
    assert recover_lost_tasks("me") == 0
    assert task_state().running == 1


def test_nobody_lives_for_as_long_as_a_clock_was_wrong() -> None:
    """A year ahead, the worker would be taken for alive for a year after its end."""
    seen("elsewhere", seconds_ago=-700)
    task = claimed("elsewhere")
    assert recover_lost_tasks("me") == 1
    task.refresh_from_db()
    assert task.status == "READY"


@pytest.mark.postgresql_only
def test_a_heart_that_beat_by_a_wrong_clock_beats_by_the_right_one() -> None:
    worker = Presence()
    worker.begin()
    TaskWorker.objects.update(seen_at=timezone.now() + timedelta(days=365))
    worker.beat()
    assert TaskWorker.objects.get().seen_at <= timezone.now()
    worker.end()


def test_a_worker_that_begins_just_then_keeps_its_task(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two that were started at once one took the other for dead: the task was done twice."""

    def look_slowly() -> set[str]:
        found = living_workers()
        seen("new", seconds_ago=0)
        claimed("new")
        return found

    monkeypatch.setattr(services, "living_workers", look_slowly)
    assert recover_lost_tasks("me") == 0
    assert TaskWorker.objects.get().pk == "new"


def test_a_task_of_a_process_that_is_dead_is_ready_at_once() -> None:
    """Whatever its heartbeat says: its lock has ended with it."""
    dead = Presence()
    dead.begin()
    task = claimed(dead.id)
    assert recover_lost_tasks("me") == 0
    os.close(dead._lock)  # as the system does when the process has ended
    assert living_workers() == set()
    assert recover_lost_tasks("me") == 1
    task.refresh_from_db()
    assert task.status == "READY"


def test_a_task_of_nobody_known_is_ready_again() -> None:
    claimed("forgotten")
    assert recover_lost_tasks("me") == 1


def test_of_its_own_a_worker_gives_back_what_no_thread_is_at() -> None:
    """As when the database went away before the result was stored."""
    claimed("me")
    assert recover_lost_tasks("me", {"me:9"}) == 0
    assert recover_lost_tasks("me", {"me:8"}) == 1


def test_a_process_that_stands_still_loses_its_tasks_and_has_them_again_when_it_goes_on() -> None:
    """Its lock says that it is there, but its heart has stopped."""
    stopped = Presence()
    stopped.begin()
    claimed(stopped.id)
    long_ago = time() - 61
    os.utime(stopped._lock, (long_ago, long_ago))
    TaskWorker.objects.update(seen_at=timezone.now() - timedelta(seconds=61))
    assert recover_lost_tasks("me") == 1
    stopped.beat()
    claimed(stopped.id)
    assert recover_lost_tasks("me") == 0
    stopped.end()
    assert not TaskWorker.objects.exists()


@pytest.mark.postgresql_only
def test_others_see_a_heartbeat_soon_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Presence()
    worker.begin()
    for seconds in (5, 10, 15, 20, 25):
        later = timezone.now() + timedelta(seconds=seconds)
        monkeypatch.setattr(timezone, "now", lambda later=later: later)
        worker.beat()
        monkeypatch.undo()
    seen_at = TaskWorker.objects.get().seen_at
    worker.end()
    assert timedelta(seconds=15) < seen_at - timezone.now() <= timedelta(seconds=20)
    assert 2 * WRITTEN_EVERY < DEAD_AFTER


def test_what_kills_its_worker_each_time_fails_in_the_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    task = claimed("gone", attempts=MOST_ATTEMPTS - 1)
    recover_lost_tasks("me")
    task.refresh_from_db()
    assert task.status == "READY"
    task.claim("gone:9")
    recover_lost_tasks("me")
    task.refresh_from_db()
    assert task.status == "FAILED"
    assert task.traceback.strip().endswith("ended 5 times in the middle of this task.")
    assert [one.levelname for one in caplog.records] == ["WARNING", "ERROR"]


def test_a_task_that_ended_meanwhile_is_not_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    task = claimed("gone")

    def then_it_ends() -> Any:
        monkeypatch.setattr(services, "running_tasks", running_tasks)
        stale = list(running_tasks())
        task.set_successful(None)
        return stale

    monkeypatch.setattr(services, "running_tasks", then_it_ends)
    assert recover_lost_tasks("me") == 0
    task.refresh_from_db()
    assert task.status == "SUCCESSFUL"


# --- What is told --------------------------------------------------------------------------


def test_the_lag_is_that_of_the_oldest_that_could_run() -> None:
    assert worker_lag() == 0
    stumble.enqueue()
    stumble.using(run_after=timezone.now() + timedelta(hours=1)).enqueue()
    DBTaskResult.objects.filter(run_after__gt=timezone.now() + timedelta(days=1)).update(
        enqueued_at=timezone.now() - timedelta(seconds=40)
    )
    assert 40 <= worker_lag() <= 45
    run_tasks(may_fail=True)
    assert worker_lag() == 0


def test_tasks_are_stuck_when_they_wait_and_no_worker_lives() -> None:
    assert not tasks_are_stuck()
    stumble.enqueue()
    assert tasks_are_stuck()
    seen("elsewhere", seconds_ago=61)
    assert tasks_are_stuck()
    TaskWorker.objects.update(seen_at=timezone.now())
    assert not tasks_are_stuck()


@pytest.mark.parametrize(
    ("days", "kept"),
    [
        (0.9, {"FAILED", "SUCCESSFUL"}),
        (1.1, {"FAILED"}),
        (29, {"FAILED"}),
        (31, set()),
    ],
)
def test_what_has_ended_is_kept_for_a_while(tmp_path: Path, days: float, kept: set[str]) -> None:
    touch.enqueue(str(tmp_path), "x")
    stumble.enqueue()
    run_tasks(may_fail=True)
    DBTaskResult.objects.update(finished_at=timezone.now() - timedelta(days=days))
    touch.enqueue(str(tmp_path), "waits")
    forget_ended_tasks()
    assert set(DBTaskResult.objects.values_list("status", flat=True)) == kept | {"READY"}
