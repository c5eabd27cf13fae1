"""What is done with tasks beside running them."""

import logging
from collections.abc import Container
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from syteops.audit import services as audit
from syteops.core.actors import Actor
from syteops.core.errors import Conflict
from syteops.core.events import Noun, Verb
from syteops.core.removing import remove
from syteops.core.tasks import TaskResultStatus
from syteops.tasks.errors import WorkerLost
from syteops.tasks.models import Job, Stored
from syteops.tasks.presence import forget_dead_workers, living_workers
from syteops.tasks.queries import name_of, running_tasks

log = logging.getLogger(__name__)

RESOURCE = "tasks"

MOST_ATTEMPTS = 5
"""How often a task is begun, when each time its worker is killed in the middle."""

SUCCEEDED_KEPT = timedelta(days=1)
FAILED_KEPT = timedelta(days=30)


def recover_lost_tasks(worker: str, at_work: Container[str] = ()) -> int:
    """Make tasks ready again that nobody runs any more; how many.

    Those are the ones of workers that are dead, and of this `worker` those of a claim that is not
    `at_work`, such as when its result could not be stored. One that was begun MOST_ATTEMPTS times
    has failed.
    """
    running = list(running_tasks())  # first: who begins one after that need not be known here
    living = living_workers() | {worker}
    lost = [one for one in running if not _is_held(one, worker, living, at_work)]
    recovered = sum(_give_back(one) for one in lost)
    forget_dead_workers(living)
    return recovered


def _is_held(one: Stored, worker: str, living: set[str], at_work: Container[str]) -> bool:
    claim = one.worker_ids[-1]
    holder = claim.partition(":")[0]
    return claim in at_work if holder == worker else holder in living


def _give_back(lost: Stored) -> bool:
    """Unless it has ended meanwhile, or another worker was faster."""
    with transaction.atomic():
        claimed = running_tasks().select_for_update()
        one = claimed.filter(pk=lost.pk, started_at=lost.started_at).first()
        if one is None:
            return False
        attempts = len(one.worker_ids)
        if attempts < MOST_ATTEMPTS:
            _make_ready(one)
        else:
            one.set_failed(WorkerLost(attempts))
    if attempts < MOST_ATTEMPTS:
        log.warning("Task %s was left by its worker: it begins again.", one.task_path)
    else:
        log.error("Task %s was given up: its worker ended %s times.", one.task_path, attempts)
    return True


def _make_ready(one: Stored, **also: Any) -> None:
    fresh = {"status": TaskResultStatus.READY, "started_at": None, "finished_at": None, **also}
    for name, value in fresh.items():
        setattr(one, name, value)
    one.save(update_fields=list(fresh))


@transaction.atomic
def restart_task(actor: Actor, task: Stored) -> None:
    """Have a task that failed run again, and its job be done. Raises Conflict for one that has not
    failed.
    """
    stored = DBTaskResult.objects.select_for_update().filter(pk=task.pk).first()
    if stored is None or stored.status != TaskResultStatus.FAILED:
        raise Conflict("Only a task that failed can be run again. This one has not, or is gone.")
    _make_ready(stored, worker_ids=[], exception_class_path="", traceback="")
    jobs = Job.objects.filter(task=task.pk, problem__isnull=False)  # of others all is done
    jobs.update(ended_at=None, problem=None)
    about = (RESOURCE, str(task.pk), name_of(task.task_path))
    audit.record_about(actor, Noun.TASK, Verb.RESTARTED, about)


def forget_ended_tasks() -> None:
    """Delete tasks that succeeded more than a day ago, or failed more than thirty days ago."""
    now, ended = timezone.now(), DBTaskResult.objects
    remove(ended.successful().filter(finished_at__lt=now - SUCCEEDED_KEPT))
    remove(ended.failed().filter(finished_at__lt=now - FAILED_KEPT))


def forget_tracebacks() -> int:
    """Clear what the failures of tasks say, which may repeat any value; how many did."""
    return DBTaskResult.objects.failed().exclude(traceback="").update(traceback="")
