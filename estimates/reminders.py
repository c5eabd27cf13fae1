"""Reminding clients who have not answered, before the last day, where the config says so."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from estimates.choices import EstimateStatus, MailKind
from estimates.mailing import queued
from estimates.mails import why_no_mail
from estimates.models import Estimate
from estimates.queries import estimates
from syteops.audit import services as audit
from syteops.core.actors import Actor
from syteops.core.events import Verb
from syteops.integrations.queued_mail import MailState
from syteops.modules.queries import config_of

EARLIEST = 8
"""The hour of the day, in the time zone of the site, before which nobody is reminded."""


def remind(actor: Actor) -> int:
    """Queue each reminder that is due, once for each estimate; how many.

    Only those are reminded who were mailed the estimate, before the time of the reminder.
    """
    days = config_of("estimates")["reminder_days"]
    if not days or why_no_mail() or timezone.localtime().hour < EARLIEST:
        return 0
    due = Estimate.objects.filter(_is_due(days)).values_list("pk", flat=True)
    return sum(_remind(actor, one, days) for one in list(due))


def _is_due(days: int) -> Q:
    today = timezone.localdate()
    return Q(
        status=EstimateStatus.SENT,
        superseded_by=None,
        reminded_at=None,
        mail_state=MailState.SENT,
        valid_until__range=(today, today + timedelta(days=days)),
    )


@transaction.atomic
def _remind(actor: Actor, pk: int, days: int) -> bool:
    """Unless it was answered, revised or reminded of meanwhile."""
    # On the locked query itself: a subquery would not be asked again after waiting for the lock.
    locked = estimates().select_for_update(of=("self",)).filter(_is_due(days), pk=pk)
    estimate = locked.first()
    if estimate is None or not _was_sent_before(estimate, days):
        return False
    values = {**queued(actor, estimate, MailKind.REMINDER), "reminded_at": timezone.now()}
    return audit.update(actor, estimate, values, Verb.REMINDED)


def _was_sent_before(estimate: Estimate, days: int) -> bool:
    """Whether the time of the reminder came after the estimate: else it would come at once."""
    assert estimate.valid_until is not None
    assert estimate.sent_at is not None
    return timezone.localdate(estimate.sent_at) < estimate.valid_until - timedelta(days=days)
