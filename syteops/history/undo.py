"""What can be undone, and how.

An app says in its `undo.py` how its objects are found, shown, changed, deleted and restored, each
through its own services; so an undo obeys every rule, is a change like any other, and can be undone
itself. Secrets cannot come back: they are kept nowhere but sealed in their row. The undoing itself
is in `reverting`.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import models

from syteops.audit.models import AuditEntry, Outcome
from syteops.core.actors import Actor, Channel
from syteops.core.encryption import sealed_fields
from syteops.core.entities import Entity

Values = Mapping[str, Any]
DELETED = "deleted"
MADE = ("created", "restored")
"""Kinds of change that are undone by deleting."""

UNDONE_BY = {
    "created": "delete",
    "updated": "update",
    "deleted": "create",
    "restored": "delete",
    "secret_set": "clear_secret",
    "secret_cleared": "set_secret",
}
"""What undoing each kind of change amounts to, as an action of the object's resource."""


def _no_reason(entry: AuditEntry) -> str:
    return ""


@dataclass(frozen=True)
class Undo:
    """How changes of one kind of object are undone. Values look as they do in the audit trail.

    `update`, `delete` and `restore` call the app's services; without one, such a change stays.
    `restore` gets the row if it is still there (softly deleted), else an unsaved one with its
    primary key. `relations` are the values of an object that live in other tables, as its services
    record them; those `elsewhere` are set through other objects, whose entries tell of it, and a
    new object has none of them.

    `names` says which values are public ids, and of what: `update` and `restore` get the objects
    that they named then (see `Naming`). `undone_by` adds to UNDONE_BY; only changes named there can
    be undone. `also_needs` names, by field, an operation (such as `roles.assign`) that giving back
    that field amounts to as well. `why_not` says why a change is never undone, or "".
    `lock_first` locks whatever the services lock before the object itself.
    """

    model: type[Entity]
    update: Callable[[Actor, Any, dict[str, Any]], Any]
    delete: Callable[[Actor, Any], Any] | None = None
    restore: Callable[[Actor, Any, dict[str, Any]], Any] | None = None
    relations: Callable[[Any], dict[str, Any]] = lambda instance: {}
    elsewhere: Collection[str] = ()
    names: Mapping[str, type[Entity]] = field(default_factory=dict)
    undone_by: Mapping[str, str] = field(default_factory=dict)
    also_needs: Mapping[str, str] = field(default_factory=dict)
    why_not: Callable[[AuditEntry], str] = _no_reason
    lock_first: Callable[[Any], Any] | None = None

    @property
    def secrets(self) -> set[str]:
        """The fields of which the trail knows only whether something was there."""
        return {one.name for one in sealed_fields(self.model)}

    @property
    def actions(self) -> dict[str, str]:
        """By kind of change, what undoing it amounts to."""
        missing = {
            *(MADE if self.delete is None else ()),
            *((DELETED,) if self.restore is None else ()),
        }
        known = {**UNDONE_BY, **self.undone_by}
        return {verb: action for verb, action in known.items() if verb not in missing}

    def locked(self, pk: str) -> Entity | None:
        """The object with that primary key, also a softly deleted one."""
        rows = self.model._base_manager.filter(pk=pk)
        if self.lock_first and (seen := rows.first()):
            self.lock_first(seen)
        found: Entity | None = rows.select_for_update(of=("self",)).first()
        return found

    def live(self, pk: str) -> Entity | None:
        """The object with that primary key, unless it was removed or softly deleted."""
        found: Entity | None = self.model._base_manager.filter(pk=pk).first()
        return found if found is not None and is_live(found) else None

    def unsaved(self, pk: str) -> Entity:
        """An object that has been removed, with nothing but its primary key."""
        column = self.model._meta.pk
        return self.model(**{column.attname: column.to_python(pk)})


_undos: dict[str, Undo] = {}


def register_undo(undo: Undo) -> None:
    """Let changes of that kind of object be undone."""
    _undos[undo.model.noun] = undo


# --- What can be undone --------------------------------------------------------------------


def undo_of(entry: AuditEntry) -> Undo | None:
    """How changes of the entry's kind of object are undone, if they are."""
    return _undos.get(entry.event.partition(".")[0])


def can_revert(entry: AuditEntry) -> bool:
    """Whether the change can be undone, as far as the entry itself tells."""
    return not why_never(entry) and not lost_secret(entry)


def lost_secret(entry: AuditEntry) -> bool:
    """Whether undoing the change would take a secret that is kept nowhere."""
    undo = undo_of(entry)
    secrets = undo.secrets if undo and verb_of(entry) != DELETED else set()
    return any(befores(entry).get(name) for name in secrets)


def why_never(entry: AuditEntry) -> str:
    """Why this kind of change is never undone, whatever happens; "" if it is."""
    undo = undo_of(entry)
    if entry.outcome != Outcome.CHANGED:
        return "This was refused: nothing changed that could be undone."
    if undo is None:
        return f"{entry.event} cannot be undone."
    if entry.door == Channel.MIGRATION:
        return "This came with SyteOps itself and is not undone."
    if reason := undo.why_not(entry):
        return reason
    if verb_of(entry) not in undo.actions or not entry.object_pk or not entry.changes:
        return f"{entry.event} cannot be undone."
    return ""


def amounts_to(entry: AuditEntry) -> list[str]:
    """The operations, such as `crm.update`, that undoing this change amounts to together."""
    undo = undo_of(entry)
    if undo is None:
        return []
    action = undo.actions.get(verb_of(entry), "update")
    changed = () if verb_of(entry) in MADE else entry.changes
    further = {name for one, name in undo.also_needs.items() if one in changed}
    return [f"{undo.model.resource}.{action}", *sorted(further)]


def verb_of(entry: AuditEntry) -> str:
    """What was done: "updated"."""
    return entry.event.partition(".")[2]


def befores(entry: AuditEntry) -> dict[str, Any]:
    """Each changed field as it was before."""
    return {name: change["before"] for name, change in entry.changes.items()}


def afters(entry: AuditEntry) -> dict[str, Any]:
    """Each changed field as it was then."""
    return {name: change["after"] for name, change in entry.changes.items()}


def given_back(entry: AuditEntry) -> dict[str, Any]:
    """Each field as undoing the change would leave it: without secrets, which do not come back."""
    undo = undo_of(entry)
    secrets = undo.secrets if undo and verb_of(entry) == DELETED else set()
    lost = secrets | {f"{name}_set_at" for name in secrets}
    return {name: value for name, value in befores(entry).items() if name not in lost}


def is_live(instance: Entity) -> bool:
    """Whether the object is not softly deleted."""
    return getattr(instance, "deleted_at", None) is None


# --- For the undo modules ------------------------------------------------------------------


def column_values(model: type[Entity], before: Values, names: Iterable[str]) -> dict[str, Any]:
    """The columns called `names` among `before`, as Python values. Blank is what had no value."""
    columns = {name: model._meta.get_field(name) for name in names if name in before}
    return {name: _python(column, before[name]) for name, column in columns.items()}


def _python(column: Any, value: Any) -> Any:
    if isinstance(value, models.Model):
        return value
    if value is None and not column.null:
        return column.get_default()
    return column.to_python(value)
