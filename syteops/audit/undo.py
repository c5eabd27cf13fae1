"""Undo: put an object back to how it was before one change.

An app says in its `undo.py` how its objects are found, shown, changed, deleted and restored, each
through its own services; so an undo obeys every rule, is a change like any other, and can be undone
itself. Secrets cannot come back: they are kept nowhere but sealed in their row.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from syteops.audit.models import AuditEntry, Outcome
from syteops.audit.snapshots import json_value, snapshot
from syteops.lib.actors import Actor
from syteops.lib.encryption import Sealed, sealed_fields
from syteops.lib.entities import Entity
from syteops.lib.errors import Conflict, Protected

Values = Mapping[str, Any]
_CREATED, _DELETED, _RESTORED = "created", "deleted", "restored"


@dataclass(frozen=True)
class Undo:
    """How changes of one kind of object are undone. Values look as they do in the audit trail.

    `update`, `delete` and `restore` call the app's services; without one, such a change stays.
    `restore` gets the row if it is still there (softly deleted), else None. `relations` are the
    values of an object that live in other tables, as its services record them.
    """

    model: type[Entity]
    update: Callable[[Actor, Any, dict[str, Any]], Any]
    delete: Callable[[Actor, Any], Any] | None = None
    restore: Callable[[Actor, Any, dict[str, Any]], Any] | None = None
    relations: Callable[[Any], dict[str, Any]] = lambda instance: {}

    @property
    def secrets(self) -> set[str]:
        """The fields of which the trail knows only whether something was there."""
        return {field.name for field in sealed_fields(self.model)}

    def locked(self, pk: str) -> Entity | None:
        """The object with that primary key, also a softly deleted one."""
        rows = self.model._base_manager.select_for_update(of=("self",))
        found: Entity | None = rows.filter(pk=pk).first()
        return found


_undos: dict[str, Undo] = {}


def register_undo(undo: Undo) -> None:
    """Let changes of that kind of object be undone."""
    _undos[undo.model.noun] = undo


def can_revert(entry: AuditEntry) -> bool:
    """Whether this kind of change can be undone at all."""
    return entry.outcome == Outcome.CHANGED and _noun(entry) in _undos and bool(entry.object_pk)


@transaction.atomic
def revert(actor: Actor, entry: AuditEntry) -> None:
    """Put the object back to before `entry`.

    Raises Protected for a kind of change that is never undone, Conflict naming what stands in the
    way: a later change of the same fields, an object that is gone or back, a secret. What the
    object's own services refuse is raised as they do.
    """
    undo = _undos.get(_noun(entry))
    if undo is None or not can_revert(entry):
        raise Protected(f"{entry.event} cannot be undone.")
    found = undo.locked(entry.object_pk)
    live = found if found is not None and getattr(found, "deleted_at", None) is None else None
    verb = entry.event.partition(".")[2]
    if verb == _DELETED:
        _restore(undo, actor, entry, found, live)
    elif live is None:
        raise Conflict("The object was deleted since. Undo the deletion first.")
    else:
        _refuse_later_changes(undo, entry, live)
        _undo_live(undo, actor, entry, live, verb)


def _restore(
    undo: Undo, actor: Actor, entry: AuditEntry, found: Entity | None, live: Entity | None
) -> None:
    if undo.restore is None:
        raise Protected(f"{entry.event} cannot be undone.")
    if live is not None:
        raise Conflict("The object is there already.")
    undo.restore(actor, found, _restorable(undo, _befores(entry)))


def _undo_live(undo: Undo, actor: Actor, entry: AuditEntry, live: Entity, verb: str) -> None:
    if verb not in (_CREATED, _RESTORED):
        undo.update(actor, live, _possible(undo, _befores(entry)))
    elif undo.delete is None:
        raise Protected(f"{entry.event} cannot be undone.")
    else:
        undo.delete(actor, live)


def _refuse_later_changes(undo: Undo, entry: AuditEntry, live: Entity) -> None:
    now = {**snapshot(live), **undo.relations(live)}
    changed = sorted(
        name
        for name, change in entry.changes.items()
        if name in now and not _same(now[name], change["after"])
    )
    if changed:
        names = ", ".join(changed)
        raise Conflict(
            f"Changed again since: {names}. Undo the later change first.", fields=changed
        )


def _same(now: Any, after: Any) -> bool:
    if isinstance(now, Sealed):
        return after in ("set", "replaced")
    return bool(json_value(now) == after) or (now is None and after == "cleared")


def _befores(entry: AuditEntry) -> dict[str, Any]:
    return {name: change["before"] for name, change in entry.changes.items()}


def _restorable(undo: Undo, before: dict[str, Any]) -> dict[str, Any]:
    """What a deleted object can get back: all but its secrets and when they were set."""
    lost = undo.secrets | {f"{name}_set_at" for name in undo.secrets}
    return {name: value for name, value in before.items() if name not in lost}


def _possible(undo: Undo, before: dict[str, Any]) -> dict[str, Any]:
    if any(before.get(name) for name in undo.secrets):
        raise Conflict("The secret that was there is kept nowhere. Set it again by hand.")
    return before


def column_values(model: type[Entity], before: Values, names: Iterable[str]) -> dict[str, Any]:
    """The columns called `names` among `before`, as Python values. Blank is what had no value."""
    columns = {name: model._meta.get_field(name) for name in names if name in before}
    return {name: _python(column, before[name]) for name, column in columns.items()}


def _python(column: Any, value: Any) -> Any:
    if value is None and not column.null:
        return column.get_default()
    return column.to_python(value)


def _noun(entry: AuditEntry) -> str:
    return entry.event.partition(".")[0]
