"""Mailing the link of an invitation: queued with it, sent by a worker, tried again for a while."""

import logging
from contextlib import suppress
from datetime import timedelta

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from syteops.audit import services as audit
from syteops.core.actors import SYSTEM, Actor
from syteops.core.background import fresh_connection
from syteops.core.encryption import UnsealError, open_sealed
from syteops.core.events import Verb
from syteops.core.locks import Busy, exclusive
from syteops.core.outages import in_one_line, is_outage
from syteops.core.tasks import task
from syteops.integrations.errors import DeliveryFailed
from syteops.integrations.mail import as_header, as_message_id, missing_settings, send_mail
from syteops.invitations.models import Invitation, MailState
from syteops.invitations.queries import open_invitations
from syteops.lib.text import to_line

log = logging.getLogger(__name__)

RETRIES = [timedelta(minutes=one) for one in (1, 5, 15, 60, 240)]
"""How long to wait after each attempt that failed for a reason that may pass."""
GIVEN_UP = timedelta(days=1)
"""Longer than all attempts take: what is still queued then was lost with its task."""
_TEXT = """{inviter} invites you to {site}.

Choose your name and password here:

{link}

The link works once, until {until}. If you do not know what this is about, delete this e-mail:
without the link nothing happens.
"""


def why_no_mail() -> str:
    """What must be set before invitations can be mailed; "" where they can."""
    missing = missing_settings()
    return missing and f"Invitations can be mailed once {missing} is set: see docs/settings.md."


def path_of(invitation: Invitation, token: str) -> str:
    """Where on this site the invitation is accepted."""
    return reverse("admin:invitations_invitation_accept", args=[invitation.uid, token])


@task()
def deliver(pk: int) -> None:
    """Send the mail that is queued, unless another worker is at it or the link works no more."""
    with suppress(Busy), exclusive(f"invitations.mail.{pk}") as is_held:
        found = open_invitations().filter(pk=pk, mail_state=MailState.QUEUED).first()
        if found is None:
            return
        try:
            with fresh_connection():  # a broken one could not store what came of it
                is_held()
                state = _try(found)
        except Exception as error:
            if not is_outage(error):
                _note(found, MailState.FAILED)
                raise
            log.warning("An invitation was not mailed: %s", in_one_line(error))
            state = _later(found)
        _note(found, state)


def _try(invitation: Invitation) -> MailState:
    """Hand it to the mail server. Still queued: it may work later."""
    try:
        token = open_sealed(invitation, "mail_token")
    except UnsealError:
        token = None
    if not token or why_no_mail():
        return MailState.FAILED
    try:
        answer = send_mail(_mail(invitation, token))
    except DeliveryFailed as failure:
        log.warning("An invitation was not mailed: %s", failure.detail)
        return _later(invitation)
    return MailState.SENT if answer.is_success else MailState.FAILED


def _later(invitation: Invitation) -> MailState:
    """Still queued, unless that was the last attempt."""
    is_last = invitation.mail_attempts >= len(RETRIES)
    return MailState.FAILED if is_last else MailState.QUEUED


def _mail(invitation: Invitation, token: str) -> EmailMessage:
    by = invitation.invited_by
    name = to_line(by.get_full_name() or by.get_username()) if by else "An admin"
    until = date_format(timezone.localtime(invitation.expires_at), "DATETIME_FORMAT")
    link = f"{settings.SITE_URL}{path_of(invitation, token)}"
    site = to_line(settings.SITE_NAME)
    headers = {
        "Message-ID": as_message_id(f"invitation-{invitation.uid}"),
        "Auto-Submitted": "auto-generated",
    }
    text = _TEXT.format(inviter=name, site=site, link=link, until=until)
    subject = as_header(f"You are invited to {site}")
    return EmailMessage(subject, text, to=[invitation.email], headers=headers)


@transaction.atomic
def _note(tried: Invitation, state: MailState) -> None:
    """Keep what came of it, and the token no longer than it is needed."""
    waiting = Invitation.objects.select_for_update(of=("self",)).filter(pk=tried.pk)
    found = waiting.filter(mail_state=MailState.QUEUED).first()
    if found is None:
        return
    if state is MailState.QUEUED:
        # No event of its own: what the trail tells is how it ends.
        waiting.update(mail_attempts=found.mail_attempts + 1)
        again = timezone.now() + RETRIES[found.mail_attempts]
        deliver.using(run_after=again).enqueue(found.pk)
        return
    verb = Verb.MAILED if state is MailState.SENT else Verb.MAIL_FAILED
    values = {"mail_state": state, "mail_token": None}
    audit.update(SYSTEM.for_operation("invitations.mail"), found, values, verb)


def give_up_lost(actor: Actor) -> None:
    """Say of mails that are queued for too long that they failed, and keep their tokens no more."""
    too_old = timezone.now() - GIVEN_UP
    for lost in Invitation.objects.filter(mail_state=MailState.QUEUED, created_at__lt=too_old):
        _note(lost, MailState.FAILED)
