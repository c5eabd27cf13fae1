"""How changes of an estimate are undone: those of a draft. What a client has seen stays."""

from typing import Any

from estimates import services
from estimates.models import Estimate, LineItem
from syteops.audit.models import AuditEntry
from syteops.audit.rows import shown_rows, with_ids
from syteops.core.actors import Actor
from syteops.crm.models import CrmSystem
from syteops.history.undo import Undo, column_values, register_undo

_FIELDS = (
    "title", "content", "excerpt", "excerpt_derived", "slug", "meta", "client_name",
    "client_company", "client_email", "crm_system", "crm_contact_id", "currency", "valid_until",
)  # fmt: skip
_ANSWERED = "The client's answer stays on record. Revise the estimate instead."
_NEVER = {
    "estimate.sent": "The client may have seen it: what is sent stays sent. Revise it instead.",
    "estimate.approved": _ANSWERED,
    "estimate.declined": _ANSWERED,
    "estimate.superseded": "Delete the newer revision instead: this one stands again then.",
    "estimate.reinstated": "Undo the deletion of the newer revision instead.",
}


def _update(actor: Actor, estimate: Estimate, before: dict[str, Any]) -> None:
    values = column_values(Estimate, before, _FIELDS)
    if "line_items" in before:
        rows = estimate.line_items.all()
        values["line_items"] = with_ids(LineItem, rows, before["line_items"])
    services.put_back(actor, estimate, **values)


def _restore(actor: Actor, estimate: Estimate, before: dict[str, Any]) -> None:
    services.restore_estimate(actor, estimate)


def _why_not(entry: AuditEntry) -> str:
    return _NEVER.get(entry.event, "")


register_undo(
    Undo(
        Estimate,
        update=_update,
        delete=services.delete_estimate,
        restore=_restore,
        relations=lambda one: {"line_items": shown_rows(one.line_items.all())},
        names={"crm_system": CrmSystem},
        why_not=_why_not,
    )
)
