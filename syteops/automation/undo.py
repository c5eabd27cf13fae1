"""How changes of free-form variables and variable sets are undone."""

from syteops.automation.models import Variable, VariableSet
from syteops.core.events import Verb
from syteops.history.undo import Undo, register_undo

register_undo(Undo(Variable, undone_by={Verb.UPDATED: "set", Verb.DELETED: "set"}))
register_undo(
    Undo(VariableSet, relations=lambda one: {"values": [row.as_row() for row in one.values.all()]})
)
