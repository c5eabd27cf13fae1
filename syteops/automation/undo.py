"""How changes of free-form variables and variable sets are undone."""

from syteops.audit.models import AuditEntry
from syteops.automation.models import Variable, VariableSet
from syteops.automation.queries import names_of
from syteops.core.events import Verb
from syteops.history.undo import Undo, register_undo


def _removes(entry: AuditEntry) -> bool:
    """Whether variables go with undoing a change of a set: it made them, or renamed all."""
    values = entry.changes.get("values", {"before": (), "after": ()})
    before, after = (set(names_of("", values[one] or ())) for one in ("before", "after"))
    return "acronym" in entry.changes or not after <= before


register_undo(Undo(Variable, undone_by={Verb.UPDATED: "set", Verb.DELETED: "set"}))
register_undo(
    Undo(
        VariableSet,
        relations=lambda one: {"values": [row.as_row() for row in one.values.all()]},
        removes=_removes,
    )
)
