"""The rows that belong to an object, as one list that replaces another.

A list of action items or line items is part of its object: it changes with it, in one transaction
and one audit entry. `plan_rows` says what a new list would change, `RowsPlan.store` does it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db import models

from syteops.audit.snapshots import snapshot
from syteops.core.errors import FieldError, Invalid, field_errors

MAX_ROWS = 200

R = TypeVar("R", bound=models.Model)
Look = tuple[Any, ...]
"""What the columns that matter hold, by which a row that looks the same is found at once."""


@dataclass(frozen=True)
class RowsPlan(Generic[R]):
    """How the rows are to look. `before` and `after` are what the audit entry shows of them."""

    before: list[dict[str, Any]]
    after: list[dict[str, Any]]
    rows: list[R]
    gone: list[R]

    @property
    def change(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """What `audit.update` takes in `also`."""
        return self.before, self.after

    def store(self, **parent: models.Model) -> None:
        """Make it so, in the order planned; `parent` is the rows' foreign key and its object."""
        if self.before == self.after:
            return
        for position, row in enumerate(self.rows):
            row.position = position  # type: ignore[attr-defined]
            for name, instance in parent.items():
                setattr(row, name, instance)
        model = type([*self.rows, *self.gone][0])
        manager, columns = model._base_manager, model._meta.concrete_fields
        manager.filter(pk__in=[row.pk for row in self.gone]).delete()
        kept = [row for row in self.rows if row.pk is not None]
        manager.bulk_update(kept, [column.name for column in columns if not column.primary_key])
        manager.bulk_create(row for row in self.rows if row.pk is None)


def plan_rows(
    model: type[R], rows: Iterable[R], items: Sequence[Mapping[str, Any]], name: str
) -> RowsPlan[R]:
    """What replacing `rows` by `items` would change. `model.SHOWN` are the columns that matter.

    An item with the `id` of a row changes that row and keeps what it leaves out. One without
    an id is a new row, or the row that looks exactly like it: so the same list, sent twice,
    changes nothing the second time. Rows that no item stands for go. `name` is the list's name in
    errors. Raises Invalid, also for more than MAX_ROWS, or an id that is none of these.
    """
    if len(items) > MAX_ROWS:
        raise Invalid.field(name, f"The list has {MAX_ROWS} entries at most.", "too_long")
    free = {row.pk: row for row in rows}
    before = describe_rows(free.values())
    looks = dict(zip(free, before, strict=True))
    known = [_claim_row(free, item, (name, index)) for index, item in enumerate(items)]
    alike: dict[Look, list[Any]] = defaultdict(list)
    for pk in reversed(free):
        alike[_look(looks[pk])].append(pk)
    chosen = [
        row or _row_like(alike, free, model(**item)) for row, item in zip(known, items, strict=True)
    ]
    for row, item in zip(chosen, items, strict=True):
        for field in item.keys() - {"id"}:
            setattr(row, field, item[field])
    _clean(chosen, name)
    return RowsPlan(before, describe_rows(chosen), chosen, list(free.values()))


def describe_rows(rows: Iterable[models.Model]) -> list[dict[str, Any]]:
    """The rows as the audit trail shows them."""
    return [_describe_row(row) for row in rows]


def with_ids(
    model: type[R], rows: Iterable[R], items: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """The items, each with the id of the row that it stands for, if there is one.

    That is a row that looks like it; else one that begins alike (the first of `model.SHOWN`); else
    the one in its place, if there are as many rows as items. So when an older list is put back, its
    rows stay the rows they are.
    """
    stored = list(rows)
    shown, wanted = describe_rows(stored), describe_rows(model(**item) for item in items)
    first = model.SHOWN[0]  # type: ignore[attr-defined]
    places = range(len(stored) if len(stored) == len(items) else 0)
    ids: dict[int, Any] = {}
    for old, new in (
        (shown, wanted),
        ([row[first] for row in shown], [row[first] for row in wanted]),
        ([*places], [*places]),
    ):
        _match(ids, stored, old, new)
    return [{**item, "id": ids[n]} if n in ids else item for n, item in enumerate(items)]


def _match(ids: dict[int, Any], stored: list[R], old: list[Any], new: list[Any]) -> None:
    """Give each item without an id that of a free row that is equal to it."""
    for index, one in enumerate(new):
        taken = set(ids.values())
        free = (row.pk for row, other in zip(stored, old, strict=False) if other == one)
        pk = next((pk for pk in free if pk not in taken), None)
        if index not in ids and pk is not None:
            ids[index] = pk


def _claim_row(
    free: dict[Any, R], item: Mapping[str, Any], path: tuple[str | int, ...]
) -> R | None:
    if "id" not in item:
        return None
    row = free.pop(item["id"], None)
    if row is None:
        detail = "There is none with this id here, or it is here twice. Without id it is added."
        raise Invalid([FieldError((*path, "id"), "not_found", detail)])
    return row


def _row_like(alike: Mapping[Look, list[Any]], free: dict[Any, R], wanted: R) -> R:
    """The first free row that looks like `wanted`, or `wanted` itself."""
    same = alike.get(_look(_describe_row(wanted)))
    return free.pop(same.pop()) if same else wanted


def _look(described: Mapping[str, Any]) -> Look:
    return tuple(described.values())


def _describe_row(row: models.Model) -> dict[str, Any]:
    return snapshot(row, only=row.SHOWN)  # type: ignore[attr-defined]


def _clean(rows: list[R], name: str) -> None:
    found: list[FieldError] = []
    for index, row in enumerate(rows):
        relations = [field.name for field in row._meta.fields if field.is_relation]
        try:
            row.clean_fields(exclude=relations)
        except ValidationError as error:
            found += [one.within(name, index) for one in field_errors(error)]
    if found:
        raise Invalid(found)
