"""Mailing clients: queued with the change that wants it, sent by a worker, and what came of it.

A mail is handed to the mail server once. Where a worker is killed between that and storing that it
was, another hands it over again, under the same Message-ID: servers and readers drop a repetition.
"""

import logging
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.utils import timezone

from estimates.choices import MailKind, MailState
from estimates.mails import letter, mail_of, why_no_mail
from estimates.models import LONGEST_PROBLEM, Estimate
from estimates.pdf import PdfLate
from estimates.queries import estimates
from estimates.rules import need_open
from syteops.audit import services as audit
from syteops.core.actors import SYSTEM, Actor
from syteops.core.background import fresh_connection
from syteops.core.errors import DomainError, Invalid
from syteops.core.events import Verb
from syteops.core.locks import Busy, exclusive
from syteops.core.outages import in_one_line, is_outage
from syteops.core.tasks import task
from syteops.integrations.errors import DeliveryFailed
from syteops.integrations.mail import send_mail
from syteops.lib.text import cut
from syteops.modules.queries import get_module

log = logging.getLogger(__name__)

RETRIES = [timedelta(minutes=one) for one in (1, 5, 15, 60, 240, 720)]
"""How long to wait after each attempt that failed for a reason that may pass."""
GIVEN_UP = timedelta(days=2)
"""Longer than all attempts take: who is still queued then was lost with its task."""
LOST = "It was given up: the worker ended each time. Look at its log, then send it again."
AWAY = "Something that is needed here was away. The log of the worker says more."
UNFORESEEN = "Something went wrong here. The log of the worker says more."


def wants_mail(email: bool | None) -> bool:
    """Whether to mail, if the caller said so or not. Raises Invalid where it cannot be done."""
    if email and why_no_mail():
        raise Invalid.field("email", f"{why_no_mail()} Or send false, and pass on the link.")
    return not why_no_mail() if email is None else email


def queued(estimate: Estimate, kind: MailKind, subject: str = "", text: str = "") -> dict[str, Any]:
    """What an estimate is to hold once a mail is queued for its client; and queue it.

    Call in the transaction that stores these values: both are done, or neither.
    """
    mail, written = uuid4(), letter(estimate, kind, subject, text)
    deliver.enqueue(estimate.pk, str(mail))
    return {
        "mail_id": mail,
        "mail_kind": kind,
        "mail_state": MailState.QUEUED,
        "mail_at": timezone.now(),
        "mail_subject": written.subject,
        "mail_text": written.text,
        "mail_attempts": 0,
        "mail_problem": "",
    }


@task()
def deliver(estimate: int, mail: str) -> None:
    """Send a mail that is queued, unless another worker is at it or it is another one by now."""
    with suppress(Busy), exclusive(f"estimates.mail.{mail}") as is_held:
        found = estimates().filter(pk=estimate, mail_id=mail, mail_state=MailState.QUEUED).first()
        if found is not None:
            try:
                with fresh_connection():  # a broken one could not store what came of it
                    is_held()
                    state, problem = _try(found)
            except Exception as error:
                if not is_outage(error):
                    _note(found, MailState.FAILED, UNFORESEEN)
                    raise
                log.warning("A mail to a client was not sent: %s", in_one_line(error))
                state, problem = _later(found, AWAY)
            _note(found, state, problem)


def _try(estimate: Estimate) -> tuple[MailState, str]:
    """Hand it to the mail server. Still queued: it may work later."""
    try:
        need_open(estimate)
        if not get_module("estimates").active:
            return MailState.FAILED, "The module Estimates is switched off."
        answer = send_mail(mail_of(estimate))
    except (DeliveryFailed, PdfLate) as failure:
        return _later(estimate, failure.detail)
    except DomainError as refusal:
        return MailState.FAILED, refusal.detail
    if not answer.is_success:
        return MailState.FAILED, f"The mail server refused it (it answered {answer.status})."
    return MailState.SENT, ""


def _later(estimate: Estimate, problem: str) -> tuple[MailState, str]:
    """Still queued, unless that was the last attempt."""
    is_last = estimate.mail_attempts == len(RETRIES)
    return MailState.FAILED if is_last else MailState.QUEUED, problem


@transaction.atomic
def _note(tried: Estimate, state: MailState, problem: str) -> None:
    """Keep what came of it; have one that is still queued tried again later."""
    mine = Estimate.objects.select_for_update().filter(mail_id=tried.mail_id)
    estimate = mine.filter(mail_state=MailState.QUEUED).first()
    if estimate is None:
        return
    told = cut(problem, LONGEST_PROBLEM)
    if state == MailState.QUEUED:
        again = timezone.now() + RETRIES[estimate.mail_attempts]
        # No event of its own: what the trail tells is how it ends.
        mine.update(mail_attempts=estimate.mail_attempts + 1, mail_problem=told)
        deliver.using(run_after=again).enqueue(estimate.pk, str(estimate.mail_id))
        return
    values = {"mail_state": state, "mail_problem": told, "mail_at": timezone.now()}
    verb = Verb.MAILED if state == MailState.SENT else Verb.MAIL_FAILED
    audit.update(SYSTEM.for_operation("estimates.mail"), estimate, values, verb)


def give_up_lost(actor: Actor) -> None:
    """Say of mails that are queued for too long that they failed: they can be sent again then."""
    lost = Estimate.objects.filter(
        mail_state=MailState.QUEUED, mail_at__lt=timezone.now() - GIVEN_UP
    )
    for one in lost:
        _note(one, MailState.FAILED, LOST)
