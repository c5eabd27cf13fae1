"""The work of jobs, as a worker does it: stored once, however often it is killed in the middle.

Nothing is done for who was shut out, or has lost a right to it, since it was asked for.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from manage_api.keys.endings import put_back
from manage_api.keys.queries import api_enabled, heirs, working_keys
from manage_api.keys.rights import of_key
from syteops.core.actors import Actor, ActorKind
from syteops.core.errors import DomainError, Forbidden, ModuleInactive
from syteops.core.modules import inactive_modules, installed_modules
from syteops.people.queries import acting_person
from syteops.tasks.errors import TaskAltered
from syteops.tasks.jobs import UNFORESEEN, Work, end, seal_of
from syteops.tasks.models import Job

SHUT_OUT = "Whoever asked for it has no access any more. Nothing was done."
LOST = "Whoever asked for it lacks the permission {} now. Nothing was done."
AWAY = "The module {} is not active. Nothing was done."
_RUNS_THE_SITE = (ActorKind.COMMAND, ActorKind.SYSTEM)


class _StoredBefore(Exception):
    """An earlier attempt has stored the outcome."""


def carry_out(task: Any, job_id: str, name: object, work: Work) -> None:
    """Do the work of a job, unless that was done before. What is refused is kept to be told.

    `name` is that of the object, as the `task` got it. Any other failure is kept as unforeseen, and
    goes on: the task has failed. So it is with one that nobody asked for.
    """
    job = Job.objects.filter(pk=job_id, ended_at=None).first()
    if job is None:
        return
    require = partial(_require_genuine, task, name)
    try:
        require(job)
        told = work(job.get_actor(), partial(_storing, job_id, require))
    except _StoredBefore:
        return
    except TaskAltered as altered:
        end(job, problem={"code": Forbidden.code, "detail": str(altered)})
        raise
    except DomainError as refusal:
        end(job, problem={"code": refusal.code, "detail": refusal.detail})
    except Exception:
        end(job, problem=UNFORESEEN)
        raise
    else:
        end(job, told=told)


@contextmanager
def _storing(job: str, require: Callable[[Job], None]) -> Iterator[None]:
    """A transaction that also ends the job, so that its outcome is stored once."""
    with transaction.atomic():
        locked = Job.objects.select_for_update().get(pk=job)
        if locked.ended_at:
            raise _StoredBefore
        require(locked)  # the work may have taken minutes
        yield
        Job.objects.filter(pk=job).update(ended_at=timezone.now())


def _require_genuine(task: Any, name: object, job: Job) -> None:
    """Raises TaskAltered unless the job is as it was asked for, and Forbidden like the next."""
    if not constant_time_compare(job.seal, seal_of(job, task, name)):
        raise TaskAltered
    require_rights(job)


# --- Rights --------------------------------------------------------------------------------


def require_rights(job: Job) -> None:
    """Raises Forbidden unless whoever asked for it could ask for it now.

    A key that was replaced could: its tool goes on with another one, whose rights count.
    """
    actor, asks = job.get_actor(), frozenset(job.needs)
    if actor.kind in _RUNS_THE_SITE:
        return
    held = _held_by(actor, asks)
    if held is None:
        raise Forbidden(SHUT_OUT)
    if missing := asks - held:
        raise Forbidden(LOST.format(", ".join(sorted(missing))))
    if away := {name.partition(".")[0] for name in asks} & _apps_away():
        raise ModuleInactive(AWAY.format(", ".join(sorted(away))))


def _held_by(actor: Actor, asks: frozenset[str]) -> frozenset[str] | None:
    """Which of these permissions it holds; None for who is shut out."""
    if actor.kind is ActorKind.KEY:
        key = heirs().get(actor.id) if api_enabled() else None
        works = key is not None and working_keys().filter(pk=key.pk).exists()
        return of_key(key) if key and works and not put_back([key.public_id]) else None
    person = acting_person(actor)
    if person is None or not (person.is_active and person.is_staff):
        return None
    return frozenset(name for name in asks if person.has_perm(name))


def _apps_away() -> set[str]:
    """The labels of the apps whose module is switched off."""
    modules, away = installed_modules(), inactive_modules()
    return {one.label for slug, one in modules.items() if slug in away}
