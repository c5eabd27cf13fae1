"""Tasks for which somebody waits: begun in a request, carried out by a worker, asked about after.

The task of a job is a function of the job's id and the object's: `begin` enqueues it, and in it
`working.carry_out` does the work and keeps what became of it.
"""

from collections.abc import Callable, Collection, Iterable
from contextlib import AbstractContextManager
from dataclasses import fields
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
from django.db import transaction
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from syteops.audit.chain import mac_for
from syteops.core.actors import Actor
from syteops.core.counters import CounterKind, counters
from syteops.core.errors import LimitReached
from syteops.core.removing import remove
from syteops.core.tasks import TaskResultStatus
from syteops.lib.text import cut
from syteops.tasks.models import NOT_ENDED, Job

Storing = Callable[[], AbstractContextManager[Any]]
"""The transaction in which the outcome is stored."""

Work = Callable[[Actor, Storing], str]
"""Does it for the actor and stores the outcome in `with storing():`; answers what to tell."""

KEPT = timedelta(days=30)
MOST_UNDER_WAY = 100
"""Jobs of one who asks, in a queue, that have not ended."""
AHEAD = 3
"""So many of them have their turn before jobs of others that were begun later; the rest do not."""
_BEHIND = -10
LONGEST_TITLE = 200
CLEARED = "Background task"
"""The title of a job whose words were cleared: whatever else it comes to say is not kept."""
_A_DAY = 24 * 60 * 60  # seconds
_UUID = 36  # characters

UNFORESEEN = {
    "code": "internal_error",
    "detail": "Something went wrong that nobody has foreseen. Nothing was stored. Try again.",
}


@transaction.atomic
def begin(
    actor: Actor,
    task: Any,
    about: Any,
    *,
    needs: Collection[str],
    title: str,
    back: str = "",
    name: str | None = None,
) -> Job:
    """Have `task` run for the actor, on the object `about`. `back` is where a person came from.

    `needs` are the permissions that asking for it takes: the worker asks for them again, so that
    nothing is done for who has lost one meanwhile. The object has a `resource`.

    The task gets the object's primary key, or the `name` given. Raises LimitReached for who has
    begun very many already: a queue that one fills serves nobody else.
    """
    if (under_way := _under_way(actor, task.queue_name)) >= MOST_UNDER_WAY:
        raise LimitReached(
            f"You have {MOST_UNDER_WAY} background tasks that have not ended. Wait for some.",
            limit=MOST_UNDER_WAY,
        )
    if under_way >= AHEAD:
        task = task.using(priority=_BEHIND)
    # Who it is, without what is known of it in this process alone.
    asked_by = {one.name: getattr(actor, one.name) for one in fields(actor) if one.compare}
    public_id = str(getattr(about, "public_id", about.pk))
    job = Job(actor=asked_by, needs=[*needs], title=cut(title, LONGEST_TITLE), back=back)
    job.resource, job.object_id = about.resource, public_id
    name = about.pk if name is None else name
    job.seal = seal_of(job, task, name)
    result = task.enqueue(str(job.pk), name)
    job.task = UUID(result.id)
    job.save(force_insert=True)
    return job


def seal_of(job: Job, task: Any, name: object) -> str:
    """What proves that somebody asked for that, on the object of that name, with those rights.

    Whoever writes to the database has nothing done that nobody has ever asked for.
    """
    about = [str(job.pk), task.module_path, str(name), job.resource, job.object_id]
    asked = [*about, job.actor, job.needs]
    return mac_for(b"job", orjson.dumps(asked, option=orjson.OPT_SORT_KEYS))


def _under_way(actor: Actor, queue: str) -> int:
    """How many jobs of the actor wait or run in that queue."""
    tasks = DBTaskResult.objects.filter(queue_name=queue, status__in=NOT_ENDED).order_by()
    args = tasks.values_list("args_kwargs__args__0", flat=True)  # of a job its id
    names = [one for one in args if isinstance(one, str) and len(one) == _UUID]
    who = {"actor__kind": actor.kind, "actor__id": actor.id}
    return Job.objects.filter(pk__in=names, **who).count() if names else 0


def tell_progress(job: str, done: int, total: int, before: int | None = None) -> None:
    """Let whoever waits see that so many of `total` are done. Costs nothing between two percent.

    `before` is how many were done when it was told last: one less, if that is not said. Counted
    beside the database: what a transaction has done is not seen before it ends.
    """
    last = done - 1 if before is None else before
    for _ in range(done * 100 // total - last * 100 // total):
        counters().add(CounterKind.PROGRESS, job, _A_DAY)


def progress_of(job: Job) -> int:
    """How many percent are done; 0 where nothing is told of it."""
    return min(counters().read(CounterKind.PROGRESS, str(job.pk), _A_DAY), 100)


def status_of(job: Job) -> str:
    """`waiting`, `running`, `succeeded` or `failed`."""
    task = None if job.ended_at else DBTaskResult.objects.filter(pk=job.task).first()
    return _status(job, task)


def _status(job: Job, task: DBTaskResult[Any, Any] | None) -> str:
    if job.ended_at:
        return "failed" if job.problem else "succeeded"
    if task is None or task.status == TaskResultStatus.FAILED:
        return "failed"  # its worker was killed too often
    return "waiting" if task.status == TaskResultStatus.READY else "running"


def problem_of(job: Job) -> dict[str, str] | None:
    """Why it failed: `code` and `detail`. None unless it has."""
    return _problem(job, status_of(job))


def problems_of(ids: Iterable[UUID]) -> dict[UUID, dict[str, str] | None]:
    """`problem_of` each of these jobs that are still kept, by its id, in two queries."""
    jobs = Job.objects.in_bulk(list(ids))
    tasks = DBTaskResult.objects.in_bulk([one.task for one in jobs.values() if not one.ended_at])
    return {pk: _problem(job, _status(job, tasks.get(job.task))) for pk, job in jobs.items()}


def _problem(job: Job, status: str) -> dict[str, str] | None:
    return (job.problem or UNFORESEEN) if status == "failed" else None


def end(job: Job, told: str = "", problem: dict[str, str] | None = None) -> None:
    """Keep what became of it; its words, unless they were cleared since it was begun.

    Whatever goes wrong after the outcome was stored is no problem of it.
    """
    ended, now = Job.objects.filter(pk=job.pk), timezone.now()
    if problem:
        ended = ended.filter(ended_at=None)
    if not ended.exclude(title=CLEARED).update(ended_at=now, told=told, problem=problem):
        ended.update(ended_at=now, told="", problem=_cleared(problem))


def clear_words() -> int:
    """Clear what jobs say: a title names a file, a refusal may repeat any value. How many did."""
    found = Job.objects.exclude(title=CLEARED)
    codes = found.exclude(problem__code=None).values_list("problem__code", flat=True)
    # One statement for each code, of which there are few: a key begins tens of thousands in a day.
    no_words = {"title": CLEARED, "told": ""}  # no text that is kept folded, too
    return found.filter(problem__isnull=True).update(**no_words) + sum(
        found.filter(problem__code=code).update(**no_words, problem=_cleared({"code": code}))
        for code in [*codes.order_by().distinct()]
    )


def _cleared(problem: dict[str, str] | None) -> dict[str, str] | None:
    return problem and {**problem, "detail": "What it said was cleared when somebody was erased."}


def forget_jobs() -> None:
    """Delete those that were begun more than thirty days ago."""
    remove(Job.objects.filter(begun_at__lt=timezone.now() - KEPT))
