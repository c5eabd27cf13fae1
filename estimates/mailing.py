"""Mailing clients: queued with the change that wants it, sent by a worker, and what came of it."""

from typing import Any
from uuid import uuid4

from django.core.mail import EmailMessage
from django.db.models import QuerySet
from django.utils import timezone

from estimates.choices import MailKind
from estimates.mails import letter, mail_of, why_no_mail
from estimates.models import LONGEST_PROBLEM, Estimate
from estimates.pdf import PdfLate
from estimates.rules import need_open, need_reader
from syteops.core.actors import Actor
from syteops.core.errors import Conflict, Invalid
from syteops.core.tasks import task
from syteops.integrations.errors import DeliveryFailed
from syteops.integrations.queued_mail import GIVEN_UP, MailQueue, MailState
from syteops.lib.text import cut
from syteops.modules.queries import get_module


def wants_mail(email: bool | None) -> bool:
    """Whether to mail, if the caller said so or not. Raises Invalid where it cannot be done."""
    if email and why_no_mail():
        raise Invalid.field("email", f"{why_no_mail()} Or send false, and pass on the link.")
    return not why_no_mail() if email is None else email


def queued(
    actor: Actor, estimate: Estimate, kind: MailKind, subject: str = "", text: str = ""
) -> dict[str, Any]:
    """What an estimate is to hold once a mail is queued for its client; and queue it.

    Call in the transaction that stores these values: both are done, or neither. Raises Forbidden.
    """
    need_reader(actor)
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


# Behind all else of that queue, which hundreds of estimates would keep waiting.
@task(priority=-5)
def deliver(estimate: int, mail: str, attempt: int = 0) -> None:
    """Send a mail that is queued, unless another worker is at it or it is another one by now."""
    MAILS.attempt(attempt, estimate, mail)


class _ClientMails(MailQueue[Estimate]):
    operation = "estimates.mail"
    task = deliver

    def key(self, mailed: Estimate) -> tuple[int, str]:
        return mailed.pk, str(mailed.mail_id)

    def rows(self, *key: Any) -> QuerySet[Estimate]:
        estimate, mail = key
        return Estimate.objects.filter(pk=estimate, mail_id=mail)

    def write(self, mailed: Estimate) -> EmailMessage:
        _need_wanted(mailed)
        try:
            mail = mail_of(mailed)
        except PdfLate as late:
            raise DeliveryFailed(late.detail) from late
        # Its PDF may have waited for minutes: the client may have answered by now.
        _need_wanted(self.rows(*self.key(mailed)).first())
        return mail

    def noted(self, state: MailState, problem: str) -> dict[str, Any]:
        at = {} if state == MailState.QUEUED else {"mail_at": timezone.now()}
        return {"mail_problem": cut(problem, LONGEST_PROBLEM), **at}


def _need_wanted(mailed: Estimate | None) -> None:
    """Raises Conflict for a mail that is not to be sent any more."""
    if mailed is None:
        raise Conflict("Another mail takes its place.")
    need_open(mailed)
    if not get_module("estimates").active:
        raise Conflict("The module Estimates is switched off.")


MAILS = _ClientMails()


def give_up_lost(actor: Actor) -> None:
    """Say of mails that are queued for too long that they failed: they can be sent again then."""
    MAILS.give_up(Estimate.objects.filter(mail_at__lt=timezone.now() - GIVEN_UP))
