"""How changes of free-form variables and variable sets are undone."""

from syteops.automation.models import Variable, VariableSet
from syteops.history.undo import Undo, register_undo

register_undo(Undo(Variable, undone_by={"updated": "set", "deleted": "set"}))
register_undo(
    Undo(VariableSet, relations=lambda one: {"values": [row.as_row() for row in one.values.all()]})
)
