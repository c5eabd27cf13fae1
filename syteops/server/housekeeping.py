"""What a site does for itself once an hour, in one of its server processes: no cron is needed."""

import logging
from collections.abc import Callable

from axes.handlers.proxy import AxesProxyHandler
from django.core.management import call_command

from manage_api import idempotency
from manage_api.keys import expiry, usage
from syteops.audit import chain
from syteops.audit import services as audit
from syteops.core.actors import SYSTEM, Actor
from syteops.core.counters import CounterKind, counters
from syteops.core.locks import Busy

log = logging.getLogger(__name__)

HOUR = 3600  # seconds
ASKED_EVERY = 60  # seconds; so an hour's work is done soon after the hour has begun
SIGN_IN_LOG_DAYS = 90


def run_if_due() -> None:
    """Do the hour's work, unless a process of this site has begun it already."""
    if counters().add(CounterKind.HOUSEKEEPING, "", HOUR) == 1:
        run()


def run() -> None:
    """Do all of it. What fails is logged and tried again in an hour; the rest is done."""
    for name, task in TASKS.items():
        try:
            task(SYSTEM.for_operation(f"housekeeping.{name}"))
        except Busy:
            continue  # a command is at it
        except Exception:
            log.exception("Housekeeping: %s failed.", name)


def _warn_of_expiry(actor: Actor) -> None:
    for one in expiry.warn(actor):
        if one.problem:
            log.error("The warning that %s expires was not sent to %s", one.key, one.problem)


TASKS: dict[str, Callable[[Actor], object]] = {
    "warn_of_expiry": _warn_of_expiry,
    "seal_audit": lambda actor: chain.seal_pending(),
    "prune_audit": audit.prune,
    "forget_answers": lambda actor: idempotency.forget_expired(),
    "forget_calls": lambda actor: usage.forget_old_calls(),
    "forget_sessions": lambda actor: call_command("clearsessions"),
    "forget_sign_ins": lambda actor: AxesProxyHandler.reset_logs(age_days=SIGN_IN_LOG_DAYS),
}
