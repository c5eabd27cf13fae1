"""Mailing the link of an invitation: queued with it, sent by a worker, tried again for a while."""

from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from syteops.core.actors import Actor
from syteops.core.encryption import UnsealError, open_sealed
from syteops.core.errors import Conflict
from syteops.core.tasks import task
from syteops.integrations.mail import as_message_id, why_no_links
from syteops.integrations.queued_mail import GIVEN_UP, MailQueue, MailState
from syteops.invitations.models import Invitation, InvitationState
from syteops.lib.text import to_line

_TEXT = """{inviter} invites you to {site}.

Choose your name and password here:

{link}

The link works once, until {until}. If you do not know what this is about, delete this e-mail:
without the link nothing happens.
"""


def why_no_mail() -> str:
    """What must be set before invitations can be mailed; "" where they can."""
    return why_no_links("Invitations")


def path_of(invitation: Invitation, token: str) -> str:
    """Where on this site the invitation is accepted."""
    return reverse("admin:invitations_invitation_accept", args=[invitation.uid, token])


@task()
def deliver(invitation: int, attempt: int = 0) -> None:
    """Send the mail that is queued, unless another worker is at it or the link works no more."""
    MAILS.attempt(attempt, invitation)


class _Invitations(MailQueue[Invitation]):
    operation = "invitations.mail"
    task = deliver

    def key(self, mailed: Invitation) -> tuple[int]:
        return (mailed.pk,)

    def rows(self, *key: Any) -> QuerySet[Invitation]:
        return Invitation.objects.filter(pk=key[0])

    def write(self, mailed: Invitation) -> EmailMessage:
        try:
            token = open_sealed(mailed, "mail_token")
        except UnsealError:
            token = None
        if not token or mailed.state is not InvitationState.OPEN:
            raise Conflict("Nobody could use the link.")
        return _mail(mailed, token)

    def noted(self, state: MailState, problem: str) -> dict[str, Any]:
        """The token is kept no longer than it is needed."""
        return {} if state == MailState.QUEUED else {"mail_token": None}


MAILS = _Invitations()


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
    return EmailMessage(f"You are invited to {site}", text, to=[invitation.email], headers=headers)


def give_up_lost(actor: Actor) -> None:
    """Say of mails that are queued for too long that they failed, and keep their tokens no more."""
    MAILS.give_up(Invitation.objects.filter(created_at__lt=timezone.now() - GIVEN_UP))
