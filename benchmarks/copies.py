"""A million records: those that are there, again under other numbers, by SQL of SQLite.

`records` makes each object in Python, which takes an hour for as many. Here a row is copied with
its number replaced wherever it stands in a text, moments some seconds earlier, and what belongs
to it along with it. The copies of audit entries carry the MAC of the entry that they are made
from: nothing that is measured verifies the trail.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from django.db import connection, models, transaction

from estimates.models import Estimate, LineItem
from notes.models import ActionItem, Note, NoteAttendee, NoteTag
from syteops.audit.models import AuditEntry
from syteops.core.text_index import indexed_texts


class _Kind(NamedTuple):
    """Objects, in which texts their number stands (`{}`), and the rows that belong to them."""

    model: type[models.Model]
    numbered: Sequence[str]
    parts: Sequence[type[models.Model]] = ()

    def newest_key(self) -> int:
        key: int = self.model._base_manager.latest("pk").pk
        return key


KINDS = (
    _Kind(Note, ("eeting {} on", "eeting-{}"), (NoteTag, NoteAttendee, ActionItem)),
    _Kind(Estimate, ("ffer {} for", "ffer-{}"), (LineItem,)),
    _Kind(AuditEntry, ("eeting {} on", 'eeting {}"')),
)
_OTHERWISE = {
    "estimates_estimate.sequence": "{n} + {shift}",
    "estimates_estimate.number": "substr(number, 1, 9) || printf('%04d', {n} + {shift})",
    "audit_auditentry.object_id": "{n} + {shift}",
    "audit_auditentry.object_pk": "{n} + {shift}",
    "audit_auditentry.request_id": "printf('%032x', {n} + {shift})",
}
"""Columns that are no text with the number in it."""


def store_copies(filled: int, size: int) -> None:
    """Of each kind `size` rows, where there are `filled`; the first one's number is 0."""
    firsts = {kind.model: kind.newest_key() - filled + 1 for kind in KINDS}
    with _in_haste():
        while filled < size:
            count = min(filled, size - filled)
            with transaction.atomic(), connection.cursor() as cursor:
                for kind in KINDS:
                    for statement in _statements(kind, firsts[kind.model], filled, count):
                        cursor.execute(statement)
            filled += count


def _statements(kind: _Kind, first: int, shift: int, count: int) -> Iterator[str]:
    """What copies the first `count` rows, and their parts."""
    table, key = kind.model._meta.db_table, f"{{}} BETWEEN {first} AND {first + count - 1}"
    columns = {
        field.column: _copied(field, kind, first, shift)
        for field in kind.model._meta.concrete_fields
    }
    yield _copy(table, columns, key.format("id"))
    for part in kind.parts:
        link = next(f for f in part._meta.concrete_fields if f.related_model is kind.model)
        names = [f.column for f in part._meta.concrete_fields if not f.primary_key]
        copied: dict[Any, str] = {
            **{name: f'"{name}"' for name in names},
            link.column: f"{link.column} + {shift}",
        }
        yield _copy(part._meta.db_table, copied, key.format(link.column))


def _copy(table: str, columns: dict[Any, str], condition: str) -> str:
    into, values = ", ".join(f'"{one}"' for one in columns), ", ".join(columns.values())
    return f"INSERT INTO {table} ({into}) SELECT {values} FROM {table} WHERE {condition}"


def _copied(field: Any, kind: _Kind, first: int, shift: int) -> str:
    """SQL for what the copy has in that column."""
    name, n = f'"{field.column}"', f"(id - {first})"
    otherwise = _OTHERWISE.get(f"{kind.model._meta.db_table}.{field.column}")
    if otherwise:
        return otherwise.format(n=n, shift=shift)
    if field.primary_key:
        return f"{name} + {shift}"
    if isinstance(field, models.UUIDField):
        return name if field.null else "lower(hex(randomblob(16)))"
    if isinstance(field, models.DateTimeField):
        return f"strftime('%Y-%m-%d %H:%M:%f', {name}, '-{shift} seconds')"
    return _renumbered(name, kind, first, n, shift) if _is_text(field) else name


def _renumbered(name: str, kind: _Kind, first: int, n: str, shift: int) -> str:
    """The text with the copy's number, wherever the first row's stands in its own."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {name} FROM {kind.model._meta.db_table} WHERE id = {first}")
        (text,) = cursor.fetchone()
    expression = name
    for form in kind.numbered:
        before, after = form.split("{}")
        if form.format(0) in (text or ""):
            old, new = (f"'{before}' || {one} || '{after}'" for one in (n, f"({n} + {shift})"))
            expression = f"replace({expression}, {old}, {new})"
    return expression


def _is_text(field: Any) -> bool:
    return field.db_type(connection) == "text" or isinstance(field, models.CharField)


@contextmanager
def _in_haste() -> Iterator[None]:
    """Nothing of this need outlive a crash; and no index of texts is merged all the time."""
    own = ("journal_mode", "synchronous", "foreign_keys", "cache_size")
    with connection.cursor() as cursor:
        before = {name: cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in own}
        hasty = dict(zip(own, ("OFF", "OFF", "OFF", "-500000"), strict=True))
        _set(cursor, hasty)
        _tune(cursor, automerge=0, hashsize=256 * 1024 * 1024)
        try:
            yield
        finally:
            _tune(cursor, automerge=4, hashsize=1024 * 1024)
            _set(cursor, before)


def _set(cursor: Any, values: dict[str, Any]) -> None:
    for name, value in values.items():
        cursor.execute(f"PRAGMA {name} = {value}")


def _tune(cursor: Any, **values: int) -> None:
    of_kinds = (one for kind in KINDS for one in (kind.model, *kind.parts))
    for index in (f"{m._meta.db_table}_{name}_fts" for m in of_kinds for name in indexed_texts(m)):
        for name, value in values.items():
            cursor.execute(f"INSERT INTO {index}({index}, rank) VALUES (%s, %s)", [name, value])
