"""Which objects the public ids in an audit entry named when it was written.

The number of a deleted object goes to another one, and so may a slug. Whoever put "001" back would
put back somebody else; so a public id is traced, through the trail, to the primary key it had.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from django.db.models import Max, Min, QuerySet

from syteops.audit.models import AuditEntry, Outcome
from syteops.core.entities import Entity
from syteops.core.errors import Conflict

_DELETED = re.compile(r"deleted-([0-9]+)")
Rename = Callable[[str], Any]


class Naming:
    """The names in the values of `entry`.

    `models` says which values are names, and of what: of a field ("author": a public id, a list
    of them, or a dict by them), or of one member of its rows ("action_items.assignee").
    """

    def __init__(self, models: Mapping[str, type[Entity]], entry: AuditEntry) -> None:
        self._models = {name.partition(".")[0]: model for name, model in models.items()}
        self._members = dict(name.partition(".")[::2] for name in models)
        self._entry = entry
        self._today: dict[type[Entity], dict[str, str]] = {}
        self._then: dict[tuple[type[Entity], str], str] = {}

    def keys_at_entry(self, field: str, value: Any) -> Any:
        """A value of the entry, with primary keys for the names."""
        model = self._models.get(field)
        if model is None:
            return value
        self._trace(model, {*_names(value, self._members[field])})
        return _rename_all(value, self._members[field], lambda name: self._then[model, name])

    def keys_now(self, field: str, value: Any) -> Any:
        """A value as it is at present, with primary keys for the names."""
        model = self._models.get(field)
        if model is None:
            return value
        present = self._present(model)
        return _rename_all(
            value, self._members[field], lambda name: present.get(name, _unknown(name))
        )

    def objects(self, field: str, value: Any) -> Any:
        """A value with primary keys, with the objects instead; softly deleted ones too.

        Raises Conflict when one of them is gone for good.
        """
        model = self._models.get(field)
        if model is None:
            return value
        keys = [key for key in _names(value, self._members[field]) if key.isdigit()]
        found = {str(pk): one for pk, one in model._base_manager.in_bulk(keys).items()}
        return _rename_all(value, self._members[field], partial(_find_object, found, field))

    def _trace(self, model: type[Entity], names: set[str]) -> None:
        for name in [one for one in names if _DELETED.fullmatch(one)]:
            self._then[model, name] = name.removeprefix("deleted-")
        # The latest of the entries before this one tells; if that was cut off, the next one does.
        about = _about(model)
        before, since = about.filter(pk__lte=self._entry.pk), about.filter(pk__gt=self._entry.pk)
        for entries, chosen in ((before, Max("pk")), (since, Min("pk"))):
            self._then |= _trace_names(model, entries, self._missing(model, names), chosen)
        for name in self._missing(model, names):
            self._then[model, name] = self._present(model).get(name, _unknown(name))

    def _missing(self, model: type[Entity], names: Iterable[str]) -> list[str]:
        return [name for name in names if (model, name) not in self._then]

    def _present(self, model: type[Entity]) -> dict[str, str]:
        if model not in self._today:
            everyone = model._base_manager.all()
            self._today[model] = {one.public_id: str(one.pk) for one in everyone}
        return self._today[model]


def _unknown(name: str) -> str:
    return f"unknown {name}"


def _about(model: type[Entity]) -> "QuerySet[AuditEntry]":
    entries = AuditEntry.objects.order_by().filter(object_resource=model.resource)
    changes = entries.filter(outcome=Outcome.CHANGED, event__startswith=f"{model.noun}.")
    return changes.exclude(object_pk="")


def _trace_names(
    model: type[Entity], entries: "QuerySet[AuditEntry]", names: list[str], chosen: Any
) -> dict[tuple[type[Entity], str], str]:
    if not names:
        return {}
    groups = entries.filter(object_id__in=names).values("object_id").annotate(chosen=chosen)
    found = AuditEntry.objects.filter(pk__in=groups.values("chosen"))
    return {(model, name): pk for name, pk in found.values_list("object_id", "object_pk")}


def _find_object(found: Mapping[str, Entity], field: str, key: str) -> Entity:
    if key not in found:
        raise Conflict(f"{field} named something that is gone by now.", fields=[field])
    return found[key]


def _names(value: Any, member: str) -> list[str]:
    """Every name in a value."""
    names: list[str] = []
    _rename_all(value, member, names.append)
    return names


def _rename_all(value: Any, member: str, rename: Rename) -> Any:
    """A value with each name replaced."""
    if member:
        return [{**row, member: _rename_all(row.get(member), "", rename)} for row in value or ()]
    if isinstance(value, dict):
        return {rename(name): inner for name, inner in value.items()}
    if isinstance(value, list):
        return [rename(name) for name in value]
    return rename(value) if value else None
