"""What a site does for itself once an hour, in one of its workers: no cron is needed."""

import logging
from collections.abc import Callable

from django.db import DatabaseError, InterfaceError

from manage_api import idempotency
from manage_api.keys import expiry, usage
from syteops.ai.suggestions import forget_suggestions
from syteops.audit import chain, heads
from syteops.audit import services as audit
from syteops.automation.reads import forget_old_reads
from syteops.core.actors import SYSTEM, Actor
from syteops.core.background import fresh_connection
from syteops.core.counters import CounterKind, counters
from syteops.core.hourly import hourly_tasks
from syteops.core.locks import Busy
from syteops.core.outages import is_outage
from syteops.core.shredding import empty_journal
from syteops.dashboard.tasks import CLOCK, is_failing, look_at_clock, note_failure, note_success
from syteops.events.services import prune_events
from syteops.people.lockout import forget_old_sign_ins
from syteops.people.sessions import forget_ended_sessions
from syteops.tasks.jobs import forget_jobs
from syteops.tasks.services import forget_ended_tasks
from syteops.team.stray_pictures import remove_stray_pictures

log = logging.getLogger(__name__)

HOUR = 3600  # seconds
ASKED_EVERY = 60  # seconds; so an hour's work is done soon after the hour has begun


_is_interrupted = False
"""Whether this process began the hour's work and something was away."""


def run_if_due() -> None:
    """Do the hour's work, unless a process of this site has begun it already."""
    if counters().add(CounterKind.HOUSEKEEPING, "", HOUR) == 1 or _is_interrupted:
        run()


def run() -> None:
    """Do all of it. What fails is logged, shown and tried again in an hour; the rest is done.

    After an outage all of it is tried again in a minute. Where that is the database, nothing else
    would work either.
    """
    global _is_interrupted  # noqa: PLW0603 - per process on purpose
    _is_interrupted = False
    for name, task in (_FIRST | hourly_tasks() | TASKS).items():
        try:
            with fresh_connection():
                if name not in _AT_ANY_TIME and is_failing(CLOCK):
                    continue
                task(SYSTEM.for_operation(f"housekeeping.{name}"))
                note_success(name)
        except Busy:
            continue  # a command is doing it
        except Exception as error:
            log.exception("Housekeeping: %s failed.", name)
            is_noted = _note_failure(name)
            _is_interrupted = _is_interrupted or not is_noted or is_outage(error)
            if not is_noted:
                return


def _note_failure(name: str) -> bool:
    """Whether the database took it, and so is there."""
    try:
        with fresh_connection():
            note_failure(name)
    except (DatabaseError, InterfaceError):
        return False
    return True


def watched(name: str, job: Callable[[], object]) -> Callable[[], None]:
    """`job`, whose failures are shown where those of the hour's work are."""

    def run_watched() -> None:
        try:
            job()
        except Exception:
            _note_failure(name)
            raise
        note_success(name)

    return run_watched


def _warn_of_expiry(actor: Actor) -> None:
    for one in expiry.warn(actor):
        if one.problem:
            log.error("The warning that %s expires was not sent to %s", one.key, one.problem)


def _seal_audit(actor: Actor) -> None:
    """What is left over, as after a crash. Whoever holds that up is noticed."""
    chain.seal_pending()
    chain.require_sealed()


_FIRST: dict[str, Callable[[Actor], object]] = {"look_at_clock": lambda actor: look_at_clock()}

TASKS: dict[str, Callable[[Actor], object]] = {
    "warn_of_expiry": _warn_of_expiry,
    "seal_audit": _seal_audit,
    "prune_audit": audit.prune,
    "prune_events": lambda actor: prune_events(),
    "forget_answers": lambda actor: idempotency.forget_expired(),
    "forget_calls": lambda actor: usage.forget_old_calls(),
    "forget_reads": lambda actor: forget_old_reads(),
    "forget_sessions": lambda actor: forget_ended_sessions(),
    "forget_tasks": lambda actor: forget_ended_tasks(),
    "forget_suggestions": lambda actor: forget_suggestions(),
    "forget_jobs": lambda actor: forget_jobs(),
    "remove_pictures": lambda actor: remove_stray_pictures(),
    "forget_sign_ins": lambda actor: forget_old_sign_ins(),
    # After what needs the database alone: the data directory may be away by itself.
    "keep_audit_head": lambda actor: heads.keep_head(),
    "empty_journal": lambda actor: empty_journal(),  # last: it takes what the others deleted, too
}
"""Those of the site itself, which come after those of its modules."""

_AT_ANY_TIME = frozenset(
    {*_FIRST, "seal_audit", "keep_audit_head", "empty_journal", "remove_pictures"}
    | {"forget_sessions", "forget_sign_ins"}  # which put right what a wrong clock has begun
)
"""Not so what removes for good what looks old, or reminds of what looks due: all does to a clock
that is far ahead."""
