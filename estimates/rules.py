"""What must be so before something is done with an estimate, and the words if it is not."""

from collections.abc import Sequence

from django.utils import timezone

from estimates.choices import UNSENT, EstimateStatus
from estimates.models import Estimate
from syteops.core.actors import Actor
from syteops.core.errors import Conflict, Forbidden, Invalid, Protected


class Kept(Protected):
    """An estimate that somebody was shown stays as it is; the refusal says how that is."""

    tells_of: str | None = ""


def need_draft(estimate: Estimate) -> None:
    """Raises Kept unless it can be changed as it is."""
    if estimate.is_superseded:
        raise Kept(f"{estimate.label} was replaced by a newer revision. Change that one.")
    if estimate.status not in UNSENT:
        raise Kept(
            f"{estimate.label} is {estimate.current_status.value} and cannot be changed. "
            "Revise it: that makes a new draft of the same number."
        )


def need_estimate(estimate: Estimate) -> None:
    """Raises Conflict for a template, from which estimates are made."""
    if estimate.is_template:
        raise Conflict("A template is nobody's estimate. Copy it, then work on the copy.")


def need_standing(estimate: Estimate) -> None:
    """Raises Conflict for one that a newer revision has replaced."""
    if estimate.is_superseded:
        raise Conflict(
            f"{estimate.label} was replaced by a newer revision.",
            superseded_by=estimate.superseded_by_id,
        )


def need_complete(estimate: Estimate) -> None:
    """Raises Conflict if it cannot be sent: something is `missing`, or its time is over."""
    missing = [] if estimate.client_email else ["client_email"]
    missing += [] if estimate.line_items.all() else ["line_items"]
    if missing:
        raise Conflict(
            "To be sent, an estimate needs the client's e-mail address and one line item at least.",
            missing=missing,
        )
    if estimate.valid_until and estimate.valid_until < timezone.localdate():
        raise Conflict("Its last day is over. Change valid_until, then send it.")


def need_open(estimate: Estimate) -> None:
    """Raises Conflict unless it waits for the client's answer."""
    need_standing(estimate)
    need_estimate(estimate)
    status = estimate.current_status
    if status == EstimateStatus.DRAFT:
        raise Conflict(f"{estimate.label} has not been sent yet.")
    if status == EstimateStatus.EXPIRED:
        raise Conflict(f"{estimate.label} expired. Revise it, then send the revision.")
    if status != EstimateStatus.SENT:
        raise Conflict(f"{estimate.label} was {status.value} by {estimate.answered_by} already.")


def need_reader(actor: Actor) -> None:
    """Raises Forbidden unless who acts may read estimates: else he would have one, which may be
    anybody's, mailed to an address of his own.
    """
    readable = actor.readable()
    if readable is not None and Estimate.resource not in readable:
        raise Forbidden(
            "The e-mail has all of the estimate, and you may not read estimates. Make the link "
            "alone (email: false), for somebody who may to pass on."
        )


def need_choice(estimate: Estimate, status: EstimateStatus, chosen: Sequence[int]) -> None:
    """Raises Invalid unless all that was chosen are optional lines of it, and it is approved."""
    optional = {line.pk for line in estimate.line_items.all() if line.optional}
    if not {*chosen} <= optional:
        raise Invalid.field("chosen", "Give ids of its optional line items only.", "not_found")
    if chosen and status != EstimateStatus.APPROVED:
        raise Invalid.field("chosen", "Only who approves chooses. Leave it out.", "invalid")
