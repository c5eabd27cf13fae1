"""How changes of free-form variables and variable sets are undone."""

from syteops.audit.models import AuditEntry
from syteops.automation.models import Variable, VariableSet
from syteops.automation.queries import names_of
from syteops.core.events import Verb
from syteops.core.permissions import permission_name
from syteops.history.undo import Undo, register_undo


def _removes(entry: AuditEntry) -> bool:
    """Whether variables go with undoing a change of a set: it made them, or renamed all."""
    before, after = _names(entry)
    return "acronym" in entry.changes or not after <= before


def _adds(entry: AuditEntry) -> list[str]:
    """The right to add, where variables come with it."""
    before, after = _names(entry)
    comes = "acronym" in entry.changes or not before <= after
    return [permission_name(VariableSet, "add")] if comes else []


def _names(entry: AuditEntry) -> list[set[str]]:
    values = entry.changes.get("values", {"before": (), "after": ()})
    return [set(names_of("", values[one] or ())) for one in ("before", "after")]


register_undo(Undo(Variable, undone_by={Verb.UPDATED: "set", Verb.DELETED: "set"}))
register_undo(
    Undo(
        VariableSet,
        relations=lambda one: {"values": [row.as_row() for row in one.values.all()]},
        removes=_removes,
        further=_adds,
    )
)
