"""How changes of free-form variables and variable sets are undone."""

from typing import Any

from syteops.automation import services
from syteops.automation.models import Variable, VariableSet
from syteops.core.actors import Actor
from syteops.history.undo import Undo, column_values, register_undo

_FIELDS = ("key", "value", "description")
_SET_FIELDS = ("name", "acronym")


def _update(actor: Actor, variable: Variable, before: dict[str, Any]) -> None:
    services.update_variable(actor, variable, **column_values(Variable, before, _FIELDS))


def _restore(actor: Actor, variable: Variable, before: dict[str, Any]) -> None:
    values = column_values(Variable, before, _FIELDS)
    services.restore_variable(actor, variable, before, **values)


def _update_set(actor: Actor, changed: VariableSet, before: dict[str, Any]) -> None:
    fields = column_values(VariableSet, before, _SET_FIELDS)
    services.update_variable_set(actor, changed, values=before.get("values"), **fields)


def _restore_set(actor: Actor, again: VariableSet, before: dict[str, Any]) -> None:
    fields = column_values(VariableSet, before, _SET_FIELDS)
    services.restore_variable_set(actor, again, before, values=before.get("values", ()), **fields)


register_undo(
    Undo(
        Variable,
        update=_update,
        delete=services.delete_variable,
        restore=_restore,
        undone_by={"updated": "set", "deleted": "set"},
    )
)
register_undo(
    Undo(
        VariableSet,
        update=_update_set,
        delete=services.delete_variable_set,
        restore=_restore_set,
        relations=lambda one: {"values": [row.as_row() for row in one.values.all()]},
    )
)
