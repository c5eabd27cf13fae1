"""The work of jobs, as a worker does it: stored once, however often it is killed in the middle.

Nothing is done for who was shut out since it was asked for.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from manage_api.keys.models import ManageKey
from syteops.core.actors import Actor, ActorKind
from syteops.core.errors import DomainError, Forbidden
from syteops.tasks.jobs import UNFORESEEN, Work
from syteops.tasks.models import Job

SHUT_OUT = "Whoever asked for it has no access any more. Nothing was done."


class _StoredBefore(Exception):
    """An earlier attempt has stored the outcome."""


def carry_out(job_id: str, work: Work) -> None:
    """Do the work of a job, unless that was done before. What is refused is kept to be told.

    Any other failure is kept as unforeseen, and goes on: the task has failed.
    """
    job = Job.objects.filter(pk=job_id, ended_at=None).first()
    if job is None:
        return
    actor = job.get_actor()
    try:
        if _is_shut_out(actor):
            raise Forbidden(SHUT_OUT)
        told = work(actor, partial(_storing, job_id))
    except _StoredBefore:
        return
    except DomainError as refusal:
        _end(job, problem={"code": refusal.code, "detail": refusal.detail})
    except Exception:
        _end(job, problem=UNFORESEEN)
        raise
    else:
        _end(job, told=told)


@contextmanager
def _storing(job: str) -> Iterator[None]:
    """A transaction that also ends the job, so that its outcome is stored once."""
    with transaction.atomic():
        if Job.objects.select_for_update().get(pk=job).ended_at:
            raise _StoredBefore
        yield
        Job.objects.filter(pk=job).update(ended_at=timezone.now())


def _end(job: Job, told: str = "", problem: dict[str, str] | None = None) -> None:
    Job.objects.filter(pk=job.pk).update(ended_at=timezone.now(), told=told, problem=problem)


def _is_shut_out(actor: Actor) -> bool:
    """Whether it is a person who was deactivated, or a key that was revoked.

    A key that was replaced is not: its tool goes on with another one.
    """
    if actor.kind is ActorKind.PERSON:
        return not User.objects.filter(pk=actor.id, is_active=True, is_staff=True).exists()
    if actor.kind is ActorKind.KEY:
        revoked = ManageKey.objects.filter(revoked_at__isnull=False, successor=None)
        return revoked.filter(public_id=actor.id).exists()
    return False
