"""What there is of tasks: waiting, running, failed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from django.db.models import Case, Count, F, Min, QuerySet, When
from django.utils import timezone
from django.utils.module_loading import import_string
from django_tasks_db.models import DBTaskResult, get_date_max

from syteops.core.tasks import TaskResultStatus
from syteops.tasks import errors
from syteops.tasks.models import NOT_ENDED, Job, Stored
from syteops.tasks.presence import living_workers


@dataclass(frozen=True)
class TaskState:
    """The tasks of the site at a glance. `lag` is in seconds."""

    ready: int
    running: int
    failed: int
    workers: int
    lag: int


def task_state() -> TaskState:
    """How many tasks there are of each kind, and how many workers."""
    tasks = DBTaskResult.objects
    return TaskState(
        ready=tasks.ready().count(),
        running=tasks.running().count(),
        failed=tasks.failed().count(),
        workers=len(living_workers()),
        lag=worker_lag(),
    )


def tasks_are_stuck() -> bool:
    """Whether tasks wait and no worker is there to run them."""
    return has_ready() and not living_workers()


def worker_lag() -> int:
    """For how many seconds the oldest task that is ready has waited; 0 when none waits."""
    since = Case(When(run_after=get_date_max(), then=F("enqueued_at")), default=F("run_after"))
    oldest: datetime | None = DBTaskResult.objects.ready().aggregate(at=Min(since))["at"]
    return max(0, int((timezone.now() - oldest).total_seconds())) if oldest else 0


def under_way_about(ids: Iterable[str]) -> set[str]:
    """Those of the objects about which somebody has begun a task that has not ended, nor was given
    up."""
    living = DBTaskResult.objects.filter(status__in=NOT_ENDED).values("pk")
    found = Job.objects.filter(ended_at=None, object_id__in=[*ids], task__in=living)
    return {*found.values_list("object_id", flat=True)}


def has_ready() -> bool:
    """Whether a task waits to be run. One short query."""
    return bool(DBTaskResult.objects.ready().exists())


def ready_by_queue() -> dict[str, int]:
    """How many tasks of each queue wait to be run. One short query while none do."""
    ready = DBTaskResult.objects.ready().order_by()
    return dict(ready.values_list("queue_name").annotate(Count("pk")))


def running_tasks() -> QuerySet[Stored]:
    """The tasks that a worker has claimed and not ended."""
    return DBTaskResult.objects.filter(status=TaskResultStatus.RUNNING)


@cache
def name_of(task_path: str) -> str:
    """What a task does, in plain words: how its docstring begins, or else its name."""
    try:
        told = (import_string(task_path).func.__doc__ or "").strip()
    except (ImportError, AttributeError):
        told = ""  # of a module or a version that is not here any more
    first = told.partition("\n")[0].partition(". ")[0].rstrip(".")
    return first or task_path.rpartition(".")[2].replace("_", " ").capitalize()


def reason_of(task: Stored) -> str:
    """Why a task failed, in one line; "" when it has not.

    Of exceptions that are not about tasks only the name: what they say may repeat any value, as
    PostgreSQL's do those of a row that it refuses.
    """
    if task.status != TaskResultStatus.FAILED:
        return ""
    module, _, name = task.exception_class_path.rpartition(".")
    if module == errors.__name__ and task.traceback:
        return task.traceback.strip().splitlines()[-1].partition(": ")[2]
    return f"Something that nobody has foreseen ({name}). The log of the worker says more."
