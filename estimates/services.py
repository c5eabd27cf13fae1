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

from estimates.choices import UNSENT, YEARLY, EstimateStatus, MailKind
from estimates.mailing import queued, wants_mail
from estimates.mails import why_no_mail
from estimates.models import Estimate, LineItem
from estimates.queries import hash_of
from estimates.rules import (
    Kept,
    need_choice,
    need_complete,
    need_draft,
    need_estimate,
    need_open,
    need_standing,
)
from syteops.ai.suggestions import forget_suggestions_about
from syteops.audit import services as audit
from syteops.audit.rows import plan_rows
from syteops.core.actors import Actor, ActorKind
from syteops.core.encryption import seal
from syteops.core.errors import Conflict
from syteops.core.events import Verb
from syteops.core.locks import transaction_lock
from syteops.core.texts import changed_texts, keep_slug, new_texts
from syteops.integrations.queued_mail import MailState
from syteops.modules.queries import config_of

Items = Sequence[Mapping[str, Any]]

_WORK = (
    "title", "content", "excerpt", "excerpt_derived", "currency", "discount_percent", "language",
)  # fmt: skip
_CLIENT = ("client_name", "client_company", "client_email", "crm_system", "crm_contact_id")
_LINE = tuple(name for name in LineItem.SHOWN if name != "chosen")
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
    """A new draft under the next number, or a template. Raises Invalid.

    What is left out follows the module's config: currency, last day, and the tax of a line.
    """
    return _create(actor, values, _add_usual_tax(line_items))


@transaction.atomic
def copy_estimate(
    actor: Actor, estimate: Estimate, *, status: EstimateStatus = EstimateStatus.DRAFT
) -> Estimate:
    """A new draft, or template, with the same work at the same prices.

    It has a number and a time of its own; a template is for nobody in particular, so it is without
    the client. What tools keep in `meta` is about the one that is copied.
    """
    names = _WORK if status == EstimateStatus.TEMPLATE else (*_WORK, *_CLIENT)
    values = {name: getattr(estimate, name) for name in names}
    if values.pop("excerpt_derived"):
        del values["excerpt"]
    return _create(actor, {**values, "status": status}, _lines_of(estimate))


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
    (`missing`), its last day is over, or it has been answered or superseded; Forbidden to mail it
    for who may not read estimates.
    """
    need_standing(estimate)
    need_estimate(estimate)
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
        values |= queued(actor, estimate, MailKind.ESTIMATE, subject, message)
    audit.update(actor, estimate, values, Verb.SENT)
    return estimate


@transaction.atomic
def resend_estimate(
    actor: Actor, estimate: Estimate, *, subject: str = "", message: str = ""
) -> Estimate:
    """Mail the link and the PDF of a sent estimate to the client, once more or for the first time.

    Raises Conflict if it waits for no answer, an e-mail is under way already, or this site sends
    no mail to clients; Forbidden for who may not read estimates.
    """
    need_open(estimate)
    if estimate.mail_state == MailState.QUEUED:
        raise Conflict("An e-mail to the client is under way already. Wait until it is sent.")
    if why_no_mail():
        raise Conflict(why_no_mail())
    values = queued(actor, estimate, MailKind.ESTIMATE, subject, message)
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
    actor: Actor,
    estimate: Estimate,
    status: EstimateStatus,
    *,
    name: str,
    comment: str = "",
    chosen: Sequence[int] = (),
) -> Estimate:
    """Record the client's answer: approved or declined, by whom, when, and from where.

    `chosen` are the optional lines that are approved too, by their ids. The same answer once more
    changes nothing. Raises Conflict if the estimate waits for no answer: a draft, expired, answered
    otherwise, or superseded; and Invalid for an id of no optional line.
    """
    given = {"status": status, "answered_by": name, "answer_comment": comment}
    need_choice(estimate, status, chosen)
    is_same = all(getattr(estimate, field) == value for field, value in given.items())
    if is_same and {one.pk for one in estimate.line_items.all() if one.chosen} == {*chosen}:
        return estimate
    need_open(estimate)
    lines = [{"id": one.pk, "chosen": one.pk in chosen} for one in estimate.line_items.all()]
    on_behalf = actor.kind is not ActorKind.CLIENT
    where = {"answer_address": actor.address, "answered_on_behalf": on_behalf}
    values = {**given, "answered_at": timezone.now(), **where}
    return _change(actor, estimate, values, lines, Verb(status.value))


@transaction.atomic
def revise_estimate(actor: Actor, estimate: Estimate) -> Estimate:
    """A new draft of the same number that supersedes this estimate, with the same contents.

    Where the last day is over, the new one gets the usual time. Raises Conflict for a draft, which
    needs no revision, and for one that has a newer revision already.
    """
    need_standing(estimate)
    if estimate.status in UNSENT:
        raise Conflict(f"{estimate.label} is a {estimate.status}: change it as it is.")
    config = config_of("estimates")
    former = Estimate.all_objects.filter(number=estimate.number)
    revision = former.aggregate(last=Max("revision"))["last"] + 1
    copied = (*_WORK, *_CLIENT, "meta", "valid_until")
    values = {name: getattr(estimate, name) for name in copied}
    if estimate.valid_until and estimate.valid_until < timezone.localdate():
        values["valid_until"] = _last_day(config)
    others, length = Estimate.objects.all(), config["excerpt_length"]
    slug = new_texts(values, others, Estimate.noun, length, former=estimate.slug)["slug"]
    number = {name: getattr(estimate, name) for name in ("number", "year", "sequence")}
    new = Estimate(**values, **number, slug=slug, revision=revision)
    _insert(actor, new, _lines_of(estimate))
    audit.update(actor, estimate, {"superseded_by": new}, Verb.SUPERSEDED)
    return new


# --- Parts ---------------------------------------------------------------------------------------


def _create(actor: Actor, values: Mapping[str, Any], items: Items) -> Estimate:
    config = config_of("estimates")
    texts = new_texts(values, Estimate.objects.all(), Estimate.noun, config["excerpt_length"])
    is_template = values.get("status") == EstimateStatus.TEMPLATE
    number = _next_template() if is_template else _next_number(config)
    return _insert(actor, Estimate(**{**usual_values(), **number, **values, **texts}), items)


def _lines_of(estimate: Estimate) -> Items:
    """The lines as new ones, of which nobody has chosen any yet."""
    return [{name: getattr(one, name) for name in _LINE} for one in estimate.line_items.all()]


def _change(
    actor: Actor,
    estimate: Estimate,
    values: Mapping[str, Any],
    items: Items | None,
    verb: Verb = Verb.UPDATED,
) -> Estimate:
    if items is None:
        audit.update(actor, estimate, values, verb)
        return estimate
    plan = plan_rows(LineItem, estimate.line_items.all(), items, "line_items")
    audit.update(actor, estimate, values, verb, also={"line_items": plan.change})
    plan.store(estimate=estimate)
    return estimate


def _insert(actor: Actor, estimate: Estimate, items: Items) -> Estimate:
    plan = plan_rows(LineItem, (), items, "line_items")
    audit.insert(actor, estimate, line_items=plan.after)
    plan.store(estimate=estimate)
    return estimate


def _next_number(config: Mapping[str, Any]) -> dict[str, Any]:
    """The next number. Under a lock, so that no number is left out or given twice."""
    transaction_lock("estimates.numbers")
    year, is_yearly = timezone.localdate().year, config["number_reset"] == YEARLY
    years = {"year": year} if is_yearly else {"year__gt": 0}
    sequence = max(config["number_start"], _last(**years) + 1)
    parts = [config["number_prefix"], *([str(year)] if is_yearly else []), f"{sequence:04d}"]
    return {"year": year, "sequence": sequence, "number": "-".join(parts)}


def _next_template() -> dict[str, Any]:
    """Templates are counted by themselves, and last for ever."""
    transaction_lock("estimates.numbers")
    sequence = _last(year=0) + 1
    number = f"{EstimateStatus.TEMPLATE.label} {sequence}"
    return {"year": 0, "sequence": sequence, "number": number, "valid_until": None}


def _last(**years: int) -> int:
    """The last number given in those years, also to what was deleted since."""
    return Estimate.all_objects.filter(**years).aggregate(last=Max("sequence"))["last"] or 0


def _last_day(config: Mapping[str, Any]) -> date | None:
    days = config["valid_days"]
    return timezone.localdate() + timedelta(days=days) if days else None


def _add_usual_tax(items: Items) -> list[Mapping[str, Any]]:
    """The lines, each new one with a tax."""
    usual = usual_tax()
    return [item if "id" in item else {"tax_percent": usual, **item} for item in items]
