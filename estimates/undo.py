"""How changes of an estimate are undone: those of a draft. What a client has seen stays."""

from estimates.models import Estimate, LineItem
from syteops.history.undo import Undo, register_undo

_ANSWERED = "The client's answer stays on record. Revise the estimate instead."
_NEVER = {
    "estimate.sent": "The client may have seen it: what is sent stays sent. Revise it instead.",
    "estimate.approved": _ANSWERED,
    "estimate.declined": _ANSWERED,
    "estimate.superseded": "Delete the newer revision instead: this one stands again then.",
    "estimate.reinstated": "Undo the deletion of the newer revision instead.",
}


register_undo(
    Undo(
        Estimate,
        rows={"line_items": LineItem},
        why_not=lambda entry: _NEVER.get(entry.event, ""),
    )
)
