"""An entity as a table: its columns and cells, and what writes a row, from the API's declarations.

A new entity has them as soon as it has its viewset. A cell is the text of what the API shows, and
goes back in as what the API takes.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from django.db.models import Model, QuerySet
from rest_framework import serializers

from manage_api.fields import SlotField
from manage_api.operations import Operation, all_operations
from manage_api.rendering import dump
from manage_api.shared import represent
from syteops.core.entities import Numbered
from syteops.core.errors import FieldError, Invalid
from syteops.core.identifiers import ROW_ID
from syteops.lib.json_reader import Refused, read
from syteops.lib.text import with_plain_line_ends

CHUNK = 500
Cells = dict[str, str]
"""What the columns hold of one object, by name."""
_NUMBER = re.compile(r"[0-9]{1,9}")
_ROW_ID = re.compile(ROW_ID)
_MANY = (serializers.ListField, serializers.ListSerializer)
_JSON = (*_MANY, serializers.Serializer, serializers.DictField, serializers.JSONField)


@dataclass(frozen=True)
class Column:
    """A column: its name, and its field as answers show it and as writes take it."""

    name: str
    shown: Any
    created: Any
    changed: Any

    @property
    def is_list(self) -> bool:
        """Whether numbers within it are places, and no names."""
        return isinstance(self.shown, _MANY)

    @property
    def help(self) -> str:
        """What is said of it where the columns are listed."""
        taken = self.created or self.changed or self.shown
        return str(taken.help_text or self.shown.help_text or "")


@dataclass(frozen=True)
class Sheet:
    """What the rows of an entity are, by its viewset."""

    viewset: Any

    @property
    def creates(self) -> Operation | None:
        """What makes a new object of a row."""
        found: Operation | None = self.viewset.operations.get("create")
        return found

    @property
    def updates(self) -> Operation:
        """What changes the object of a row; without `creates`, also what makes one by its name."""
        found = self.viewset.operations
        update: Operation = found.get("partial_update") or found["update"]
        return update

    @property
    def deletes(self) -> Operation:
        """What deletes the object of a row, where anything does."""
        found: Operation = self.viewset.operations["destroy"]
        return found

    @property
    def lists(self) -> Operation:
        """What shows all of them."""
        found: Operation = self.viewset.operations["list"]
        return found

    @property
    def lookup(self) -> str:
        """The column that names the object."""
        return str(self.viewset.lookup_name())

    @cached_property
    def serializer(self) -> Any:
        """How a list shows each, unless what it shows has no name to be found again by."""
        listed = self.viewset.listed_class()
        return listed if self.lookup in listed().fields else self.viewset.serializer_class

    @cached_property
    def columns(self) -> dict[str, Column]:
        """All that is shown, by name; what names the object comes first. No secret is shown."""
        shown = self.serializer().fields
        created, changed = inputs_of(self.creates), inputs_of(self.updates)
        names = sorted(shown, key=lambda name: name != self.lookup)
        return {
            name: Column(name, shown[name], created.get(name), changed.get(name))
            for name in names
            if not shown[name].write_only and name not in getattr(self.serializer, "sometimes", ())
        }

    @property
    def names_new(self) -> bool:
        """Whether a row that names nothing there is makes an object of that name."""
        creates = self.creates
        if creates is None:
            return not self.updates.partial
        return self.lookup in inputs_of(creates)

    @property
    def is_numbered(self) -> bool:
        """Whether the objects are named by numbers such as "001"."""
        return issubclass(self.viewset.model(), Numbered)

    def stored(self, names: Iterable[str]) -> dict[str, Cells]:
        """The cells of the objects so named, by name."""
        some = self.stored_in_turn(names)
        return {name: cells for each in some for name, cells in each.items() if cells}

    def stored_in_turn(self, names: Iterable[str]) -> Iterator[dict[str, Cells | None]]:
        """The same of the first names and then of further ones, in their order; None of what is not
        there. No more are read at once than can be."""
        left = list(names)
        while some := left[:CHUNK]:
            keys = self._possible(some)
            if (fitting := self._fitting(keys)) < len(keys):
                some = some[: some.index(str(keys[fitting]))]
                keys = keys[:fitting]
            found = map(self._cells, self._found(self.viewset.lookup_field, keys))
            cells = {one[self.lookup]: one for one in found}
            yield {name: cells.get(name) for name in some}
            left = left[len(some) :]

    def titles(self, names: Iterable[str]) -> dict[str, str]:
        """What people call the objects so named, by name."""
        left, titles = self._possible(names), {}
        while some := left[: self._fitting(left[:CHUNK])]:
            for one in self._found(self.viewset.lookup_field, some):
                titles[self._cells(one)[self.lookup]] = str(one)
            left = left[len(some) :]
        return titles

    def are_read_at_once(self, names: Iterable[str]) -> bool:
        """Whether the objects so named are few and short enough for it."""
        keys = self._possible(names)
        return len(keys) <= CHUNK and self._fitting(keys) == len(keys)

    def _fitting(self, names: list[Any]) -> int:
        """How many of the first objects so named, as the column holds it, can be read at once."""
        field = self.viewset.lookup_field
        if self.viewset.fitting is len or field == "pk":
            return int(self.viewset.fitting(names))
        found = self._all().filter(**{f"{field}__in": names})
        keys = dict(found.order_by().values_list(field, "pk"))
        there = [one for one in names if one in keys]
        fitting = self.viewset.fitting([keys[one] for one in there])
        return names.index(there[fitting]) if fitting < len(there) else len(names)

    def _possible(self, names: Iterable[str]) -> list[Any]:
        """Those that an object can have, as its column holds them."""
        if self._is_table and self.is_numbered:
            return [one for one in names if _NUMBER.fullmatch(one)]
        if self._is_table and self.viewset.lookup_field == "pk":
            return [int(one) for one in names if _ROW_ID.fullmatch(one)]
        return list(names)

    def exported(self, listed: QuerySet[Any]) -> Iterator[list[str]]:
        """The cells of those among `listed` that the API lists, too, in that order."""
        if not self._is_table:
            yield from (list(self._cells(one).values()) for one in self._all())
            return
        yield from self.exported_of(list(listed.values_list("pk", flat=True)))

    def exported_of(self, primary_keys: list[Any]) -> Iterator[list[str]]:
        """The cells of those rows that are there and that the API lists, in that order."""
        for keys in self._chunks_to_read(primary_keys):
            by_key = {one.pk: one for one in self._found("pk", keys)}
            for one in (by_key[key] for key in keys if key in by_key):
                yield list(self._cells(one).values())

    def _chunks_to_read(self, keys: list[Any]) -> Iterator[list[Any]]:
        while some := keys[:CHUNK]:
            yield (some := some[: self.viewset.fitting(some)])
            keys = keys[len(some) :]

    @cached_property
    def _is_table(self) -> bool:
        """Whether they are rows of the database; else they are few, and in code."""
        return isinstance(self._all(), QuerySet)

    def _all(self) -> Any:
        """Everything that can be read by its name."""
        view = self.viewset()
        view.action, view.validated = "retrieve", {}
        return view.get_queryset()

    def _found(self, field: str, values: list[Any]) -> Iterable[Any]:
        found = self._all()
        if self._is_table:
            found = found.filter(**{f"{field}__in": values})
        shown: Iterable[Any] = self.viewset.with_related(list(found))
        return shown

    def _cells(self, one: Any) -> dict[str, str]:
        shown = represent(self.serializer, one, {})
        return {name: to_cell(shown[name]) for name in self.columns}


@cache
def inputs_of(operation: Operation | None) -> dict[str, Any]:
    """The fields that the operation takes, by name."""
    made: Any = operation.input() if operation and operation.input else None
    return {name: one for name, one in made.fields.items() if not one.read_only} if made else {}


def all_sheets() -> list[Sheet]:
    """The table of every entity that can be listed and changed."""
    return [
        Sheet(one.viewset)
        for one in all_operations()
        if one.endpoint == "list" and one.viewset.operations.keys() & {"partial_update", "update"}
    ]


def sheet_of(model: type[Model]) -> Sheet | None:
    """The table of the objects of that model; None where nothing lists and changes them."""
    return next((one for one in all_sheets() if one.viewset.model() is model), None)


def sheet_named(resource: str) -> Sheet:
    """The table of that dispatch resource."""
    return next(one for one in all_sheets() if one.viewset.resource == resource)


# --- Cells ---------------------------------------------------------------------------------


def to_cell(value: Any) -> str:
    """The text of what an answer shows: "a, b" for plain texts, JSON for what holds anything."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)) and _are_words(value):
        return ", ".join(value)
    if isinstance(value, (list, tuple, Mapping)):
        return dump(value).decode() if value else ""
    return str(value)


def _are_words(values: Any) -> bool:
    """Whether the texts can be told apart when commas part them."""
    return all(
        isinstance(one, str)
        and one
        and one == one.strip()
        and "," not in one
        and one[0] not in "[{"
        for one in values
    )


def is_same(cell: str, stored: str) -> bool:
    """Whether nothing was changed: spreadsheets write line ends as they like."""
    return cell == stored or with_plain_line_ends(cell) == with_plain_line_ends(stored)


def from_cell(field: Any, cell: str, stored: str = "") -> Any:
    """What a write takes for the text of a cell. Raises Invalid for what is no JSON."""
    if not cell.strip():
        return _nothing(field, stored)
    if isinstance(field, serializers.BooleanField):
        return cell.strip().lower()
    if isinstance(field, SlotField):
        return padded(cell)
    if isinstance(field, serializers.ListField) and cell.strip()[0] not in "[{":
        words = [one.strip(" ") for one in cell.split(",")]  # a line break is for the field to see
        return [from_cell(field.child, one) for one in words if one]
    if isinstance(field, _JSON):
        return _json(cell)
    return cell


def padded(text: str) -> str:
    """A number as "001": spreadsheets take the zeros away."""
    return text.strip().zfill(3) if _NUMBER.fullmatch(text.strip()) else text


def _nothing(field: Any, stored: str) -> Any:
    """What an empty cell stands for."""
    if isinstance(field, _MANY):
        return []
    if isinstance(field, serializers.DictField):
        return dict.fromkeys(_json(stored or "{}"), "")  # a blank one goes, one left out stays
    if isinstance(field, serializers.JSONField):
        return {}
    return "" if getattr(field, "allow_blank", False) or not field.allow_null else None


def _json(text: str) -> Any:
    try:
        return read(text)
    except Refused as error:
        raise Invalid([FieldError((), "invalid", f"It is no list and no JSON. {error}")]) from error
