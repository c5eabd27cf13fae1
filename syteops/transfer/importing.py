"""Rows of a file carried out: each by the operation that the API has for it, all of them or none.

What a row leaves as it is, is not touched; so a file that was exported changes nothing. What is
wrong is told of every row at once, and what would happen is told before it does.
"""

import difflib
import hashlib
from dataclasses import asdict, dataclass, field
from typing import Any

from django.db import transaction
from django.http import HttpRequest
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from manage_api import execution
from manage_api.calls import Call
from manage_api.disclosure import disclosed_error
from manage_api.errors import CODES, as_api_error
from manage_api.operations import Operation
from manage_api.permissions import authorise
from manage_api.principals import PersonPrincipal
from manage_api.rendering import canonical
from manage_api.shared import validate
from manage_api.views import ApiView
from syteops.audit.visibility import visible_changes
from syteops.core.actors import Actor, Change, Channel
from syteops.core.consequences import Watch, words_of
from syteops.core.errors import FieldError, Invalid
from syteops.core.locks import transaction_lock
from syteops.core.trials import trial
from syteops.lib.text import cut
from syteops.transfer.budget import Tell, in_turn
from syteops.transfer.choices import Kind
from syteops.transfer.files import Table
from syteops.transfer.sheets import (
    Cells,
    Column,
    Sheet,
    from_cell,
    inputs_of,
    is_same,
    padded,
)

MOST_SHOWN = 200
"""So many problems, and so many changes, are told one by one."""
LONGEST_SHOWN = 120
MOST_CHOICES = 12

FIXES = {
    "required": "Fill in this cell.",
    "read_only": "Leave this cell as it was exported, or remove the column.",
    "unknown_field": "Rename the column as the list of columns has it, or remove it.",
    "too_long": "Shorten the text.",
    "out_of_range": "Take a number within the limits.",
    "not_unique": "Take another value, or change the row of the one that has it.",
    "not_found": "Take one that is there, or empty the cell.",
    "invalid": "Correct this cell, or empty it if nothing has to be there.",
}
FIXES_OF_EDIT = {
    **FIXES,
    "required": "Fill in this field.",
    "not_unique": "Take another value, or choose other rows.",
    "not_found": "Take one that is there, or clear the field.",
    "invalid": "Correct this value, or clear the field if nothing has to be there.",
}
"""Rows that were chosen in a list have fields and no cells."""


@dataclass(frozen=True)
class Problem:
    """What is wrong in one row: in which column ("" for the row as a whole), and the cure."""

    row: int
    column: str
    detail: str
    fix: str


@dataclass
class Report:
    """What came of the rows, or would."""

    new: int = 0
    changed: int = 0
    deleted: int = 0
    unchanged: int = 0
    problem_count: int = 0
    problems: list[Problem] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)
    consequences: list[Any] = field(default_factory=list)
    digest: str = ""

    def refuse(self, found: list[Problem]) -> None:
        """Note what is wrong with a row."""
        self.problem_count += len(found)
        self.problems += found[: MOST_SHOWN - len(self.problems)]

    def as_data(self) -> dict[str, Any]:
        """As it is kept."""
        return asdict(self)

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> "Report":
        """As it was kept."""
        return cls(**{**data, "problems": [Problem(**one) for one in data["problems"]]})


class _Door(ApiView):
    """Whose call each row is."""

    channel = Channel.ADMIN
    input_pointer = ""


def try_rows(sheet: Sheet, table: Table, user: Any, actor: Actor, tell: Tell) -> Report:
    """What carrying out the rows would do; nothing is stored."""
    watch = Watch(actor)
    with trial():
        report = carry_out_rows(sheet, table, user, actor, tell)
        is_right = not report.problem_count
        if is_right:
            watch.look()
    if is_right:
        report.consequences = words_of(watch.tell())
    return report


def carry_out_rows(sheet: Sheet, table: Table, user: Any, actor: Actor, tell: Tell) -> Report:
    """Carry out every row, in the transaction of the caller, who takes it back if some is wrong."""
    report = Report()
    if wrong := _header_problems(sheet, table.header):
        report.refuse(wrong)
        return report
    # One of an entity at a time: two that go through it in different order would deadlock.
    transaction_lock(f"bulk {sheet.viewset.resource}")
    rows, digest = _Rows(sheet, table, user, actor), hashlib.sha256()
    for number, cells in in_turn(table.rows, user, tell):
        before = len(actor.trail)
        try:
            with transaction.atomic():
                rows.carry_out(number, cells)
        except Exception as error:
            found = rows.problems(number, error)
            if not found:
                raise
            report.refuse(found)
        else:
            _count(report, sheet, number, actor, actor.trail[before:], digest)
        finally:
            del actor.trail[before:]  # of thousands of rows, they may be long
    report.digest = digest.hexdigest()
    return report


def _header_problems(sheet: Sheet, header: list[str]) -> list[Problem]:
    found: list[Problem] = []
    seen: set[str] = set()
    for name in header:
        plain, shown = _plain(name), cut(name, 50)
        if plain in seen:
            found.append(Problem(1, shown, "This column is there twice.", "Remove one of them."))
        elif plain not in sheet.columns:
            near = difflib.get_close_matches(plain[:50], sheet.columns, 1)
            fix = f"Rename it to {near[0]}, or remove it." if near else FIXES["unknown_field"]
            found.append(Problem(1, shown, "There is no such column.", fix))
        seen.add(plain)
    return found


def _plain(name: str) -> str:
    return "_".join(name.lower().split())


def named_in(sheet: Sheet, table: Table) -> list[str]:
    """The names of the objects that the rows are about, each once."""
    header = [_plain(name) for name in table.header]
    place = header.index(sheet.lookup) if sheet.lookup in header else len(header)
    cells = (row[place] for _, row in table.rows if place < len(row))
    return [*filter(None, dict.fromkeys(_name(sheet, cell) for cell in cells))]


def _name(sheet: Sheet, cell: str) -> str:
    return padded(cell.strip()) if sheet.is_numbered else cell.strip()


class _Rows:
    """What carrying out one row after the other needs."""

    def __init__(self, sheet: Sheet, table: Table, user: Any, actor: Actor) -> None:
        self.sheet, self.actor, self.principal = sheet, actor, PersonPrincipal(user)
        self.header, self.kind = [_plain(name) for name in table.header], table.kind
        self.door = _Door()
        self.door.principal, self.door.request = self.principal, Request(HttpRequest())
        self.door.request.user = user
        self.seen: dict[str, int] = {}
        self.further = sheet.stored_in_turn(named_in(sheet, table))
        self.stored: dict[str, Cells | None] = {}

    def _cells(self, row: list[str]) -> dict[str, str]:
        cells = [*row, *[""] * (len(self.header) - len(row))]
        return dict(zip(self.header, cells, strict=False))

    def carry_out(self, number: int, row: list[str]) -> None:
        """Do what the row says. Raises Invalid, and whatever the operation raises."""
        if any(row[len(self.header) :]):
            raise Invalid([FieldError((), "invalid", "The row has more cells than the header.")])
        cells, lookup = self._cells(row), self.sheet.lookup
        name = _name(self.sheet, cells.get(lookup, ""))
        if name:
            first = self.seen.setdefault(name, number)
            if first != number:
                raise Invalid.field(lookup, f"Row {first} is about the same one.", "not_unique")
        stored = self._stored(name)
        if stored is None and name and not self.sheet.names_new:
            detail = "There is none of that name now."
            if self.kind == Kind.FILE:
                detail += " Empty the cell to add a new one."
            raise Invalid.field(lookup, detail, "not_found")
        if self.kind == Kind.DELETION:
            self._perform(self.sheet.deletes, name, {})
            return
        operation = self.sheet.updates if stored else (self.sheet.creates or self.sheet.updates)
        given = {
            n: text for n, text in cells.items() if not is_same(text, (stored or {}).get(n, ""))
        }
        if stored:
            given.pop(lookup, None)
            if not given:
                return
        self._perform(operation, name, self._values(operation, cells, given, stored or {}))

    def _stored(self, name: str) -> Cells | None:
        """The cells of the object of that name, if it is there. The rows ask in their order."""
        while name and name not in self.stored:
            self.stored = next(self.further, {name: None})
        return self.stored.get(name)

    def _values(
        self,
        operation: Operation,
        cells: dict[str, str],
        given: dict[str, str],
        stored: dict[str, str],
    ) -> dict[str, Any]:
        """What the operation takes: of a change what is changed. Raises Invalid."""
        fields = inputs_of(operation)
        named = set(operation.path_params)
        if operation.method == "PUT":  # it takes all of them
            given = {n: text for n, text in cells.items() if n in given or n in fields}
        values: dict[str, Any] = {}
        errors = []
        for name, text in given.items():
            if name in named:
                continue
            if name not in fields:
                errors.append(FieldError((name,), "read_only", _why_fixed(stored.get(name, ""))))
                continue
            try:
                values[name] = from_cell(fields[name], text, stored.get(name, ""))
            except Invalid as wrong:
                errors += [one.within(name) for one in wrong.errors]
        if errors:
            raise Invalid([*errors, *_wrong(operation, values)])
        return values

    def _perform(self, operation: Operation, name: str, values: dict[str, Any]) -> None:
        """As every call of the API goes, rights and rules and all. Whoever imports has agreed."""
        authorise(self.principal, operation)
        path = dict.fromkeys(operation.path_params, name or None)
        call = Call(values, is_text=True, confirm=True)
        view = operation.viewset.for_operation(operation, self.door, path, call)
        # Nobody reads the answer: to load and represent it would take half of the time.
        view.load, view.answer = _as_it_is, _unseen  # type: ignore[method-assign,attr-defined]
        view.actor = self.actor
        execution.resolve_path(view)
        execution.perform(view)

    def problems(self, number: int, error: Exception) -> list[Problem]:
        """Why a row was refused; nothing for what nobody has foreseen."""
        told = disclosed_error(self.principal, error, self.sheet.viewset.resource)
        refusal = as_api_error(told, "")
        if refusal.status >= 500:
            return []
        if not refusal.errors:
            return [Problem(number, "", refusal.detail, CODES[refusal.code].cure)]
        return [self._problem(number, one) for one in refusal.errors]

    def _problem(self, number: int, error: dict[str, str]) -> Problem:
        column, _, further = error["pointer"].lstrip("/").partition("/")
        known = self.sheet.columns.get(column)
        is_list = known is not None and known.is_list
        steps = further.split("/")
        place = " ".join(str(int(n) + 1) if is_list and n.isdecimal() else n for n in steps)
        detail = f"{place}: {error['detail']}" if place else error["detail"]
        fixes = FIXES if self.kind == Kind.FILE else FIXES_OF_EDIT
        fix = fixes.get(error["code"], fixes["invalid"])
        if error["code"] == "invalid_choice" and not further:
            fix = _choose(self.sheet.columns[column]) or fixes["not_found"]
        if self.kind != Kind.FILE and column == self.sheet.lookup:
            fix = "Choose the rows again, without this one."
        elif column and column not in self.header:
            fix = f"Add a column {column}, and fill it in."
            if self.kind == Kind.EDIT:
                fix = f"Fill in {column}, too."
        return Problem(number, column, detail, fix)


def _wrong(operation: Operation, values: dict[str, Any]) -> list[FieldError]:
    """What else is wrong with the values, so that a row tells all at once."""
    assert operation.input is not None
    try:
        validate(operation.input, values, {"text": True}, partial=operation.partial)
    except ValidationError as error:
        told = as_api_error(error, "").errors
        return [FieldError((one["pointer"][1:],), one["code"], one["detail"]) for one in told]
    return []


def _choose(column: Column) -> str:
    """What can be chosen: all of it, or a few of many; "" where nobody can tell."""
    choices = list(getattr(column.created or column.changed, "choices", ()))
    if not choices:
        return ""
    if len(choices) > MOST_CHOICES:
        return f"Take one of the allowed values, such as {', '.join(choices[:3])}."
    return f"Take one of: {', '.join(choices)}."


def _why_fixed(stored: str) -> str:
    if not stored:
        return "This column cannot be written by a file."
    return f"This column cannot be written by a file, and here it is “{cut(stored, 60)}” by now."


def _as_it_is(instances: list[Any]) -> list[Any]:
    return instances


def _unseen(shown: Any) -> Response:
    return Response({})


_KINDS = {"created": "new", "deleted": "deleted"}


def _count(
    report: Report, sheet: Sheet, row: int, actor: Actor, trail: list[Change], digest: Any
) -> None:
    """Note what was done for a row."""
    own = [one for one in trail if one.resource == sheet.viewset.resource] or trail
    if not own:
        report.unchanged += 1
        return
    kind = _KINDS.get(own[0].event.rpartition(".")[2], "changed")
    setattr(report, kind, getattr(report, kind) + 1)
    digest.update(canonical([row, [[one.event, _lasting(one)] for one in trail]]))
    if len(report.changes) < MOST_SHOWN:
        is_new = kind == "new"
        name, shown = ("", {}) if is_new else (own[0].object_id, _shown(_told(actor, own[0])))
        report.changes.append({"row": row, "kind": kind, "name": name, "fields": shown})


def _lasting(change: Change) -> dict[str, dict[str, Any]]:
    """The changed fields, without when it was deleted or a secret set: another moment each time."""
    moments = ("deleted_at", *(name for name in change.fields if name.endswith("_set_at")))
    return {name: one for name, one in change.fields.items() if name not in moments}


def _told(actor: Actor, change: Change) -> dict[str, Any]:
    """The changed fields whose values whoever looks at the rows may read."""
    readable = actor.readable()

    def reads(resource: str) -> bool:
        return readable is None or resource in readable

    shown = visible_changes(_lasting(change), change.resource, reads)
    return shown if reads(change.resource) else {}


def _shown(fields: dict[str, dict[str, Any]]) -> dict[str, list[str]]:
    """Each field before and after, short."""
    return {
        name: [_short(one.get("before")), _short(one.get("after"))] for name, one in fields.items()
    }


def _short(value: Any) -> str:
    text = "" if value is None else value if isinstance(value, str) else canonical(value).decode()
    return text if len(text) <= LONGEST_SHOWN else f"{cut(text, LONGEST_SHOWN - 1)}…"
