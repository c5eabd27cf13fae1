"""How changes of an estimate are undone: those of a draft. What a client has seen stays."""

from collections.abc import Mapping

from estimates.models import Estimate, LineItem
from syteops.core.events import Verb
from syteops.history.undo import Undo, register_undo
from syteops.history.undoable import verb_of

_ANSWERED = "The client's answer stays on record. Revise the estimate instead."
_NEVER: Mapping[str, str] = {
    Verb.SENT: "The client may have seen it: what is sent stays sent. Revise it instead.",
    **dict.fromkeys(
        (Verb.VIEWED,),
        "That the client has seen it cannot be taken back.",
    ),
    **dict.fromkeys(
        (Verb.RESENT, Verb.REMINDED, Verb.MAILED, Verb.MAIL_FAILED),
        "What was mailed to the client cannot be taken back.",
    ),
    Verb.APPROVED: _ANSWERED,
    Verb.DECLINED: _ANSWERED,
    Verb.SUPERSEDED: "Delete the newer revision instead: this one stands again then.",
    Verb.REINSTATED: "Undo the deletion of the newer revision instead.",
}


register_undo(
    Undo(
        Estimate,
        rows={"line_items": LineItem},
        why_not=lambda entry: _NEVER.get(verb_of(entry), ""),
    )
)
