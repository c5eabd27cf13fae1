"""What can be undone, and how.

An undo goes through the services of the object's app, so it obeys every rule, is a change like any
other, and can be undone itself. How follows from the model's columns and from the services' names;
an app's `undo.py` says only what does not. Secrets cannot come back: they are kept nowhere but
sealed in their row. What an entry says of undoing it is in `undoable`, the undoing in `reverting`.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any

from django.apps import apps
from django.db import models
from django.utils.module_loading import module_has_submodule

from syteops.audit.models import AuditEntry
from syteops.audit.rows import describe_rows, with_ids
from syteops.audit.snapshots import snapshot
from syteops.audit.switchables import SwitchableState
from syteops.core.actors import Actor
from syteops.core.encryption import sealed_fields
from syteops.core.entities import Entity
from syteops.core.events import Verb
from syteops.core.schemas import patch_between
from syteops.core.services import Service, service_of

DELETED = Verb.DELETED
MADE = (Verb.CREATED, Verb.RESTORED)
"""Kinds of change that are undone by deleting."""

UNDONE_BY: Mapping[str, str] = {
    Verb.CREATED: "delete",
    Verb.UPDATED: "update",
    Verb.DELETED: "create",
    Verb.RESTORED: "delete",
    Verb.SECRET_SET: "clear_secret",
    Verb.SECRET_CLEARED: "set_secret",
}
"""What undoing each kind of change amounts to, as an action of the object's resource."""


@dataclass(frozen=True)
class Undo:
    """How changes of one kind of object are undone.

    The app's `services` do it: `put_back_<noun>` (else `update_<noun>`), `delete_<noun>` and
    `restore_<noun>`; without one, such a change stays. `update` and `restore` stand in for them.
    `update(actor, object, **values)` gets the columns as Python values and the relations as the
    trail has them; the secrets that were set are cleared already. So does `restore`, of an object
    that is softly deleted or holds its columns again, unsaved; the service gets its relations only.

    `relations` are the values of an object that live in other tables, as its services record them:
    each of `rows` is one, by the name under which the object has such rows. Those `elsewhere` are
    set through other objects, whose entries tell of it, and a new object has none of them.

    `names` says which relations are public ids, and of what (see `Naming`): the services get the
    objects that they named then. Columns and rows that refer to entities are known.

    `undone_by` adds to UNDONE_BY; only changes named there can be undone. `also_needs` names, by
    field, an operation (such as `roles.assign`) that giving back that field amounts to as well.
    `further` are the permissions that undoing an update takes as well, because of what it gives
    back; of a key that is the right to read the object.
    `removes` says whether undoing an update takes away what else needs the right to delete.
    `why_not` says why a change is never undone, or "". `lock_first` locks whatever the services
    lock before the object itself. `only` names the kinds of change that are undone, where that is
    not all for which there is a service.

    `allows` says of a person and an entry who may undo, where that is no permission of the model.
    Where it `lets_in`, the admin asks for the password once more, as for doing it.
    """

    model: type[Entity]
    update: Service | None = None
    restore: Service | None = None
    relations: Callable[[Any], dict[str, Any]] = lambda instance: {}
    rows: Mapping[str, type[models.Model]] = field(default_factory=dict)
    elsewhere: Collection[str] = ()
    names: Mapping[str, type[Entity]] = field(default_factory=dict)
    undone_by: Mapping[str, str] = field(default_factory=dict)
    also_needs: Mapping[str, str] = field(default_factory=dict)
    further: Callable[[AuditEntry], Collection[str]] = lambda entry: ()
    removes: Callable[[AuditEntry], bool] = lambda entry: False
    why_not: Callable[[AuditEntry], str] = lambda entry: ""
    lock_first: Callable[[Any], Any] | None = None
    only: Collection[str] = ()
    allows: Callable[[Any, AuditEntry], bool] | None = None
    lets_in: bool = False

    # --- What there is ---

    @property
    def noun(self) -> str:
        """What its objects are called in events."""
        return self.model.noun

    @property
    def resource(self) -> str:
        """What its objects are called in operations."""
        return self.model.resource

    @property
    def services(self) -> Any:
        """The services of the model's app; None where it has none."""
        config = apps.get_containing_app_config(self.model.__module__)
        assert config is not None
        if not module_has_submodule(config.module, "services"):
            return None
        return import_module(f"{config.name}.services")

    def service(self, *verbs: str) -> Service | None:
        """The first of those services that the app has."""
        found = (service_of(self.services, verb, self.noun) for verb in verbs)
        return next(filter(None, found), None)

    @property
    def secrets(self) -> set[str]:
        """The fields of which the trail knows only whether something was there."""
        return {one.name for one in sealed_fields(self.model)}

    @property
    def actions(self) -> dict[str, str]:
        """By kind of change, what undoing it amounts to."""
        known = {**UNDONE_BY, **self.undone_by}
        missing = () if self.service("delete") else MADE
        if not self.restore and not self.service("restore"):
            missing = (*missing, DELETED)
        kept = {verb: action for verb, action in known.items() if verb not in missing}
        return {verb: kept[verb] for verb in kept if not self.only or verb in self.only}

    @property
    def references(self) -> dict[str, type[Entity]]:
        """`names`, and the columns and rows that refer to entities."""
        found = _references(self.model)
        for rows, model in self.rows.items():
            within = _references(model, model.SHOWN)  # type: ignore[attr-defined]
            found |= {f"{rows}.{name}": one for name, one in within.items()}
        return {**found, **self.names}

    # --- The object ---

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

    def public_id(self, instance: Any) -> str:
        """What names the object in the trail."""
        return str(instance.public_id)

    def values_of(self, instance: Entity) -> dict[str, Any]:
        """The columns and relations of the object as they are."""
        rows = {name: describe_rows(getattr(instance, name).all()) for name in self.rows}
        return {**snapshot(instance), **rows, **self.relations(instance)}

    # --- Undoing ---

    def put_back(self, actor: Actor, instance: Entity, before: Mapping[str, Any]) -> None:
        """Make the values those of `before`."""
        if self.secrets & before.keys():
            self.services.clear_secrets(actor, instance, *(self.secrets & before.keys()))
        values = self._values(before)
        for name, model in self.rows.items():
            if name in values:
                rows = getattr(instance, name).all()
                values[name] = with_ids(model, rows, values[name])
        if values:
            service = self.update or self.service("put_back", "update")
            assert service is not None
            service(actor, instance, **values)

    def delete(self, actor: Actor, instance: Entity) -> None:
        """Delete the object."""
        service = self.service("delete")
        assert service is not None  # why_never has seen to it
        service(actor, instance)

    def bring_back(
        self, actor: Actor, pk: str, found: Entity | None, before: Mapping[str, Any]
    ) -> Entity:
        """Restore the object of that primary key; `found` is its row, if it is still there."""
        values = self._values(before)
        columns = {f.name for f in self.model._meta.concrete_fields}
        key = self.model._meta.pk
        instance = found or self.model(
            **{key.attname: key.to_python(pk)},
            **{name: value for name, value in values.items() if name in columns},
        )
        if self.restore:
            self.restore(actor, instance, **values)
        else:
            relations = {name: values[name] for name in values.keys() - columns}
            service = self.service("restore")
            assert service is not None  # why_never has seen to it
            service(actor, instance, **relations)
        return instance

    def _values(self, before: Mapping[str, Any]) -> dict[str, Any]:
        """The values of `before` as the services take them, without what concerns secrets."""
        left_out = {one for name in self.secrets for one in (name, f"{name}_set_at")}
        columns = {f.name: f for f in self.model._meta.concrete_fields}
        return {
            name: _python(columns[name], value) if name in columns else value
            for name, value in before.items()
            if name not in left_out
        }


def _references(
    model: type[models.Model], only: Collection[str] | None = None
) -> dict[str, type[Entity]]:
    """The columns that refer to entities, with the model of each."""
    fields = (f for f in model._meta.concrete_fields if only is None or f.name in only)
    related = ((field.name, field.related_model) for field in fields)
    return {name: one for name, one in related if isinstance(one, type) and issubclass(one, Entity)}


def _python(column: "models.Field[Any, Any]", value: Any) -> Any:
    """A column's value, blank where it had none. A reference stays as it is given."""
    if column.is_relation:
        return value
    return column.get_default() if value is None and not column.null else column.to_python(value)


_exceptions: dict[str, Undo] = {}


def register_undo(undo: Undo) -> None:
    """Let changes of that kind of object be undone otherwise than its services' names say."""
    _exceptions[undo.noun] = undo


@cache
def all_undos() -> dict[str, Undo]:
    """How changes are undone, by the noun of the kind of object."""
    found = {}
    for model in apps.get_models():
        if issubclass(model, SwitchableState):
            found[model.noun] = _undo_of_switchable(model)
        elif issubclass(model, Entity) and Undo(model).service("update"):
            found[model.noun] = Undo(model)
    return {**found, **_exceptions}


def _undo_of_switchable(model: type[SwitchableState]) -> Undo:
    undo = Undo(
        model,
        update=lambda actor, state, **before: _switch_back(undo, actor, state, before),
        undone_by={
            f"{model.turn_on}d": model.turn_off,
            f"{model.turn_off}d": model.turn_on,
            Verb.CONFIGURED: "update_config",
        },
    )
    return undo


def _switch_back(undo: Undo, actor: Actor, state: SwitchableState, before: dict[str, Any]) -> None:
    if state.switch in before:
        name = state.turn_on if before[state.switch] else state.turn_off
        getattr(undo.services, name)(actor, state)
    if "config" in before:
        patch = patch_between(state.config, before["config"])
        undo.services.update_config(actor, state, config=patch)


def is_live(instance: Entity) -> bool:
    """Whether the object is not softly deleted."""
    return getattr(instance, "deleted_at", None) is None
