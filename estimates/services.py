"""Every change of an estimate. Estimates passed in are locked by the caller."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import F, Max, Value
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from estimates.choices import YEARLY, EstimateStatus, MailKind, MailState
from estimates.mailing import queued, wants_mail
from estimates.mails import why_no_mail
from estimates.models import Estimate, LineItem
from estimates.queries import hash_of
from estimates.rules import Kept, need_complete, need_draft, need_open, need_standing
from syteops.ai.suggestions import forget_suggestions_about
from syteops.audit import services as audit
from syteops.audit.rows import plan_rows
from syteops.core.actors import Actor, ActorKind
from syteops.core.encryption import seal
from syteops.core.errors import Conflict
from syteops.core.events import Verb
from syteops.core.locks import transaction_lock
from syteops.core.texts import changed_texts, keep_slug, new_texts
from syteops.modules.queries import config_of

Items = Sequence[Mapping[str, Any]]

COPIED = (
    "title", "content", "excerpt", "excerpt_derived", "meta", "client_name", "client_company",
    "client_email", "crm_system", "crm_contact_id", "currency", "valid_until", "language",
)  # fmt: skip
_TOKEN_BYTES = 32


def usual_values() -> dict[str, Any]:
    """What the module's config says of a new estimate: its currency and its last day."""
    config = config_of("estimates")
    return {"currency": config["currency"], "valid_until": _last_day(config)}


def usual_tax() -> Decimal:
    """What the module's config says of a new line: its tax, in percent."""
    return Decimal(str(config_of("estimates")["tax_percent"])).quantize(Decimal("0.001"))


@transaction.atomic
def create_estimate(actor: Actor, *, line_items: Items = (), **values: Any) -> Estimate:
    """A new draft under the next number. Raises Invalid.

    What is left out follows the module's config: currency, last day, and the tax of a line.
    """
    config = config_of("estimates")
    texts = new_texts(values, Estimate.objects.all(), Estimate.noun, config["excerpt_length"])
    estimate = Estimate(**{**usual_values(), **values, **texts, **_next_number(config)})
    return _insert(actor, estimate, _add_usual_tax(line_items))


@transaction.atomic
def update_estimate(
    actor: Actor, estimate: Estimate, *, line_items: Items | None = None, **values: Any
) -> Estimate:
    """Change the fields of a draft; the lines given replace those there are.

    A line with the id of a stored one changes it. Raises Protected unless it is a draft, or
    Invalid.
    """
    need_draft(estimate)
    config = config_of("estimates")
    others = Estimate.objects.exclude(pk=estimate.pk)
    values = changed_texts(estimate, values, others, config["excerpt_length"])
    return _change(
        actor, estimate, values, None if line_items is None else _add_usual_tax(line_items)
    )


@transaction.atomic
def put_back_estimate(
    actor: Actor, estimate: Estimate, *, line_items: Items | None = None, **values: Any
) -> Estimate:
    """Make the fields given what they were: as `update_estimate`, but nothing is derived."""
    need_draft(estimate)
    keep_slug(estimate, values, Estimate.objects.exclude(pk=estimate.pk))
    return _change(actor, estimate, values, line_items)


def _change(
    actor: Actor, estimate: Estimate, values: Mapping[str, Any], items: Items | None
) -> Estimate:
    if items is None:
        audit.update(actor, estimate, values)
        return estimate
    plan = plan_rows(LineItem, estimate.line_items.all(), items, "line_items")
    audit.update(actor, estimate, values, also={"line_items": plan.change})
    plan.store(estimate=estimate)
    return estimate


@transaction.atomic
def delete_estimate(actor: Actor, estimate: Estimate) -> None:
    """Delete an estimate that does not bind anybody; its number is not given again.

    The revision that a draft was to replace stands again. What was suggested is forgotten.
    Raises Protected for one that was sent or approved, or that a newer revision has replaced.
    """
    status = estimate.current_status
    if not estimate.is_deletable:
        what = Verb.SUPERSEDED if estimate.is_superseded else status.value
        raise Kept(f"{estimate.label} is {what} and stays on record. Revise it instead.")
    if status == EstimateStatus.DRAFT:
        for former in Estimate.objects.select_for_update().filter(superseded_by=estimate):
            audit.update(actor, former, {"superseded_by": None}, Verb.REINSTATED)
    forget_suggestions_about(estimate)
    audit.update(actor, estimate, {"deleted_at": timezone.now()}, Verb.DELETED)


@transaction.atomic
def restore_estimate(actor: Actor, estimate: Estimate) -> Estimate:
    """Bring a deleted estimate back under the number that it has kept.

    A draft that was to replace a revision replaces it again. Raises Conflict if another revision
    stands in its place by now, or Invalid if another estimate has its slug.
    """
    standing = Estimate.objects.filter(number=estimate.number, superseded_by=None)
    former = standing.select_for_update(of=("self",)).first()
    if former and (former.revision > estimate.revision or estimate.status != EstimateStatus.DRAFT):
        raise Conflict(f"{former.label} stands in its place. Delete or revise that one.")
    keep_slug(estimate, {"slug": estimate.slug}, Estimate.objects.all())
    audit.update(actor, estimate, {"deleted_at": None}, Verb.RESTORED)
    if former:
        audit.update(actor, former, {"superseded_by": estimate}, Verb.SUPERSEDED)
    return estimate


@transaction.atomic
def send_estimate(
    actor: Actor,
    estimate: Estimate,
    *,
    email: bool | None = None,
    again: bool = False,
    subject: str = "",
    message: str = "",
) -> Estimate:
    """Freeze the estimate, make its client link, and have that mailed with the PDF.

    Without `email` it is mailed where this site sends mail to clients. Subject and message are the
    config's unless given. One that is sent already stays as it is, and is mailed only `again`.

    Raises Invalid if mail is wanted and cannot be sent, or Conflict if something is missing
    (`missing`), its last day is over, or it has been answered or superseded.
    """
    need_standing(estimate)
    status = estimate.current_status
    if status == EstimateStatus.SENT:
        is_wanted = again and email is not False
        texts = {"subject": subject, "message": message}
        return resend_estimate(actor, estimate, **texts) if is_wanted else estimate
    if status != EstimateStatus.DRAFT:
        raise Conflict(f"{estimate.label} is {status.value}. Revise it, then send the revision.")
    need_complete(estimate)
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    now = timezone.now()
    sealed = {"link_token": seal(estimate, "link_token", token), "link_token_set_at": now}
    values = {"status": EstimateStatus.SENT, "sent_at": now, "link_hash": hash_of(token), **sealed}
    if wants_mail(email):
        values |= queued(estimate, MailKind.ESTIMATE, subject, message)
    audit.update(actor, estimate, values, Verb.SENT)
    return estimate


@transaction.atomic
def resend_estimate(
    actor: Actor, estimate: Estimate, *, subject: str = "", message: str = ""
) -> Estimate:
    """Mail the link and the PDF of a sent estimate to the client, once more or for the first time.

    Raises Conflict if it waits for no answer, an e-mail is under way already, or this site sends
    no mail to clients.
    """
    need_open(estimate)
    if estimate.mail_state == MailState.QUEUED:
        raise Conflict("An e-mail to the client is under way already. Wait until it is sent.")
    if why_no_mail():
        raise Conflict(why_no_mail())
    values = queued(estimate, MailKind.ESTIMATE, subject, message)
    audit.update(actor, estimate, values, Verb.RESENT)
    return estimate


@transaction.atomic
def note_views(
    actor: Actor, estimate_id: int, views: int, first_at: datetime, last_at: datetime
) -> None:
    """Count how often the client's page was opened. The first time is an event, others are not."""
    seen = Estimate.objects.filter(pk=estimate_id)
    # Another process may have written later ones already.
    latest = Greatest(Coalesce("last_viewed_at", last_at), Value(last_at))
    count = {"view_count": F("view_count") + views, "last_viewed_at": latest}
    if seen.exclude(first_viewed_at=None).update(**count):
        return
    estimate = seen.select_for_update().first()
    if estimate is None:
        return
    if estimate.first_viewed_at:  # by somebody else, a moment ago
        seen.update(**count)
        return
    first = {"view_count": views, "first_viewed_at": first_at, "last_viewed_at": last_at}
    audit.update(actor, estimate, first, Verb.VIEWED)


@transaction.atomic
def answer_estimate(
    actor: Actor, estimate: Estimate, status: EstimateStatus, *, name: str, comment: str = ""
) -> Estimate:
    """Record the client's answer: approved or declined, by whom, when, and from where.

    The same answer once more changes nothing. Raises Conflict if the estimate waits for no answer:
    a draft, expired, answered otherwise, or superseded.
    """
    given = {"status": status, "answered_by": name, "answer_comment": comment}
    if all(getattr(estimate, field) == value for field, value in given.items()):
        return estimate
    need_open(estimate)
    on_behalf = actor.kind is not ActorKind.CLIENT
    where = {"answer_address": actor.address, "answered_on_behalf": on_behalf}
    values = {**given, "answered_at": timezone.now(), **where}
    audit.update(actor, estimate, values, Verb(status.value))
    return estimate


@transaction.atomic
def revise_estimate(actor: Actor, estimate: Estimate) -> Estimate:
    """A new draft of the same number that supersedes this estimate, with the same contents.

    Where the last day is over, the new one gets the usual time. Raises Conflict for a draft, which
    needs no revision, and for one that has a newer revision already.
    """
    need_standing(estimate)
    if estimate.status == EstimateStatus.DRAFT:
        raise Conflict(f"{estimate.label} is a draft: change it as it is.")
    config = config_of("estimates")
    former = Estimate.all_objects.filter(number=estimate.number)
    revision = former.aggregate(last=Max("revision"))["last"] + 1
    values = {name: getattr(estimate, name) for name in COPIED}
    if estimate.valid_until and estimate.valid_until < timezone.localdate():
        values["valid_until"] = _last_day(config)
    others, length = Estimate.objects.all(), config["excerpt_length"]
    slug = new_texts(values, others, Estimate.noun, length, former=estimate.slug)["slug"]
    number = {name: getattr(estimate, name) for name in ("number", "year", "sequence")}
    new = Estimate(**values, **number, slug=slug, revision=revision)
    lines = [
        {name: getattr(line, name) for name in LineItem.SHOWN} for line in estimate.line_items.all()
    ]
    _insert(actor, new, lines)
    audit.update(actor, estimate, {"superseded_by": new}, Verb.SUPERSEDED)
    return new


# --- Parts ---------------------------------------------------------------------------------------


def _insert(actor: Actor, estimate: Estimate, items: Items) -> Estimate:
    plan = plan_rows(LineItem, (), items, "line_items")
    audit.insert(actor, estimate, line_items=plan.after)
    plan.store(estimate=estimate)
    return estimate


def _next_number(config: Mapping[str, Any]) -> dict[str, Any]:
    """The next number. Under a lock, so that no number is left out or given twice."""
    transaction_lock("estimates.numbers")
    year, is_yearly = timezone.localdate().year, config["number_reset"] == YEARLY
    counted = Estimate.all_objects.filter(year=year) if is_yearly else Estimate.all_objects.all()
    last = counted.aggregate(last=Max("sequence"))["last"] or 0
    sequence = max(config["number_start"], last + 1)
    parts = [config["number_prefix"], *([str(year)] if is_yearly else []), f"{sequence:04d}"]
    return {"year": year, "sequence": sequence, "number": "-".join(parts)}


def _last_day(config: Mapping[str, Any]) -> date | None:
    days = config["valid_days"]
    return timezone.localdate() + timedelta(days=days) if days else None


def _add_usual_tax(items: Items) -> list[Mapping[str, Any]]:
    """The lines, each new one with a tax."""
    usual = usual_tax()
    return [item if "id" in item else {"tax_percent": usual, **item} for item in items]
