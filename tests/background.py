"""Has background tasks run, in the test's own process, as a worker would run them."""

from contextlib import nullcontext
from typing import Any
from unittest.mock import patch

from django.db import connection
from django.test import Client
from django_tasks_db.management.commands import db_worker
from django_tasks_db.models import DBTaskResult


def run_tasks(may_fail: bool = False) -> list[DBTaskResult[Any, Any]]:
    """Run every task that is ready, and those that they enqueue; the ones that have ended by it.

    A task that fails, fails the test, with its traceback, unless it `may_fail`.
    """
    ended = set(DBTaskResult.objects.finished().values_list("pk", flat=True))
    # The library looks after its connection between tasks. That of a test's transaction must stay.
    name = f"{db_worker.__name__}.close_old_connections"
    with patch(name) if connection.in_atomic_block else nullcontext():
        _worker().run()
    results = list(DBTaskResult.objects.finished().exclude(pk__in=ended).order_by("finished_at"))
    for one in results:
        assert may_fail or not one.traceback, one.traceback
    return results


def outcome(page: Client, answer: Any) -> Any:
    """The page on which a job ends; `answer` was followed to where it waits.

    One that was refused at once is that page already.
    """
    where = answer.request["PATH_INFO"]
    if "/jobs/" not in where:
        return answer
    assert not answer.context["messages"]
    run_tasks()
    return page.get(where, follow=True)


def _worker() -> db_worker.Worker:
    return db_worker.Worker(
        queue_names=["*"],
        excluded_queue_names=[],
        interval=0,
        batch=True,
        backend_name="default",
        startup_delay=False,
        max_tasks=None,
        worker_id="tests",
    )
