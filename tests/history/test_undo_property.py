"""Random changes, undone and redone in any order, never differ from a simple model of them.

The model keeps the objects as plain dicts and each change as what was before and after it. An undo
must do exactly what that says, or refuse exactly when it says that something stands in the way.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from notes import services as notes
from notes.models import Note
from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.core.errors import Conflict
from syteops.history.reverting import revert
from syteops.team import services as team
from syteops.team.models import TeamMember
from tests.chance import by_database

Values = dict[str, Any]
CREATED, UPDATED, DELETED, RESTORED = "created", "updated", "deleted", "restored"
TEXTS = st.sampled_from(["", "a", "b", "c"])
WORDS = st.lists(st.sampled_from("xyz"), max_size=2, unique=True).map(sorted)
STEPS = 20
MEMBER = {"first_name": TEXTS, "city": TEXTS, "language": st.sampled_from(["", "de", "en"])}
NOTE = {
    "title": st.sampled_from(["a", "b", "c"]),
    "content": TEXTS,
    "tags": WORDS,
    "items": WORDS,
    "meta": st.dictionaries(st.sampled_from("pq"), st.integers(0, 2)),
}


@dataclass
class Entry:
    """A change: of which object, its fields before and after, and all of it afterwards."""

    kind: str
    pk: int
    verb: str
    before: Values
    after: Values
    whole: Values | None


@dataclass
class Model:
    """What should be stored; None for what is deleted."""

    objects: dict[tuple[str, int], Values | None] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)

    def record(self, kind: str, pk: int, verb: str, now: Values | None) -> None:
        """Make the object so, and remember the change if it is one."""
        before, after = self.objects.get((kind, pk)) or {}, now or {}
        changed = [n for n in {*before, *after} if before.get(n) != after.get(n)]
        self.objects[kind, pk] = deepcopy(now)
        if changed or verb != UPDATED:
            old, new = ({n: deepcopy(one.get(n)) for n in changed} for one in (before, after))
            self.entries.append(Entry(kind, pk, verb, old, new, deepcopy(now)))

    def live(self, kind: str) -> list[int]:
        return [pk for (k, pk), values in self.objects.items() if k == kind and values is not None]

    def undo(self, number: int) -> None:
        """Raises Conflict when something stands in the way."""
        entry = self.entries[number]
        now = self.objects[entry.kind, entry.pk]
        if entry.verb == DELETED:
            self._restore(entry, number, now)
            return
        if now is None:
            raise Conflict("deleted")
        if entry.verb in (CREATED, RESTORED):
            if now != entry.whole:
                raise Conflict("changed since")
            self.record(entry.kind, entry.pk, DELETED, None)
            return
        goal = {name: _put_back(now, entry, name) for name in entry.after}
        self.record(entry.kind, entry.pk, UPDATED, now | goal)

    def _restore(self, entry: Entry, number: int, now: Values | None) -> None:
        later = self.entries[number + 1 :]
        if now is not None or any((e.kind, e.pk, e.verb) == _key(entry) for e in later):
            raise Conflict("back, or deleted again")
        values = deepcopy(entry.before)
        others = [self.objects[entry.kind, pk] or {} for pk in self.live(entry.kind)]
        if entry.kind == "member":
            taken = {other["number"] for other in others}
            lowest = next(n for n in range(1, 99) if n not in taken)
            values["number"] = lowest if values["number"] in taken else values["number"]
        elif values["slug"] in {other["slug"] for other in others}:
            raise Conflict("slug")
        self.record(entry.kind, entry.pk, RESTORED, BLANK[entry.kind] | values)


BLANK: dict[str, Values] = {
    "member": {"number": 0, "first_name": "", "city": "", "language": ""},
    "note": {"title": "", "content": "", "slug": "", "tags": [], "items": [], "meta": {}},
}


def _key(entry: Entry) -> tuple[str, int, str]:
    return entry.kind, entry.pk, entry.verb


def _put_back(now: Values, entry: Entry, name: str) -> Any:
    """One field without the change; in `meta`, each key by itself."""
    before, after, present = entry.before[name], entry.after[name], now[name]
    if not all(isinstance(one, dict) for one in (before, after, present)):
        if present != after:
            raise Conflict(name)
        return before
    touched = [key for key in {*before, *after} if before.get(key) != after.get(key)]
    if any(present.get(key) != after.get(key) for key in touched):
        raise Conflict(name)
    kept = {key: value for key, value in present.items() if key not in touched}
    return kept | {key: before[key] for key in touched if key in before}


# --- The real thing ----------------------------------------------------------------------------


def stored() -> dict[tuple[str, int], Values]:
    found: dict[tuple[str, int], Values] = {
        ("member", one.pk): {name: getattr(one, name) for name in BLANK["member"]}
        for one in TeamMember.objects.all()
    }
    for note in Note.objects.all():
        shown = {name: getattr(note, name) for name in ("title", "content", "slug", "meta")}
        shown["tags"] = [tag.name for tag in note.tag_rows.all()]
        shown["items"] = [item.text for item in note.action_items.all()]
        found["note", note.pk] = shown
    return found


def create(kind: str, values: Values) -> int:
    if kind == "member":
        return team.create_team_member(SYSTEM, **values).pk
    return notes.create_note(SYSTEM, **_note_values(values)).pk


def update(kind: str, pk: int, values: Values) -> None:
    if kind == "member":
        team.update_team_member(SYSTEM, TeamMember.objects.get(pk=pk), **values)
    else:
        notes.update_note(SYSTEM, Note.objects.get(pk=pk), **_note_values(values))


def delete(kind: str, pk: int) -> None:
    if kind == "member":
        team.delete_team_member(SYSTEM, TeamMember.objects.get(pk=pk))
    else:
        notes.delete_note(SYSTEM, Note.objects.get(pk=pk))


def _note_values(values: Values) -> Values:
    given = {name: value for name, value in values.items() if name != "items"}
    if "items" in values:
        given["action_items"] = [{"text": text} for text in values["items"]]
    return given


class Run:
    """The site and the model, side by side."""

    def __init__(self, data: st.DataObject) -> None:
        self.data = data
        self.model = Model()

    def step(self) -> None:
        steps: list[Callable[[str], None]] = [self.create, self.update, self.update, self.delete]
        kind = self.data.draw(st.sampled_from(["member", "note"]))
        if self.model.entries:
            steps += [self.undo, self.undo, self.undo]
        self.data.draw(st.sampled_from(steps))(kind)
        live = {key: one for key, one in self.model.objects.items() if one is not None}
        assert stored() == live
        assert AuditEntry.objects.count() == len(self.model.entries)

    def create(self, kind: str) -> None:
        if len(self.model.live(kind)) < 3:
            values = self.data.draw(st.fixed_dictionaries(MEMBER if kind == "member" else NOTE))
            pk = create(kind, values)
            self.model.record(kind, pk, CREATED, stored()[kind, pk])

    def update(self, kind: str) -> None:
        if there := self.model.live(kind):
            pk = self.data.draw(st.sampled_from(there))
            fields = MEMBER if kind == "member" else NOTE
            values = self.data.draw(st.fixed_dictionaries({}, optional=fields))
            update(kind, pk, values)
            now = self.model.objects[kind, pk] or {}
            self.model.record(kind, pk, UPDATED, now | values)

    def delete(self, kind: str) -> None:
        if there := self.model.live(kind):
            pk = self.data.draw(st.sampled_from(there))
            delete(kind, pk)
            self.model.record(kind, pk, DELETED, None)

    def undo(self, kind: str) -> None:
        """Any change so far, the newest ones most: an undo of an undo is a redo."""
        last = len(self.model.entries) - 1
        newest = st.integers(max(0, last - 2), last)
        number = self.data.draw(st.one_of(newest, st.integers(0, last)))
        entry = list(AuditEntry.objects.order_by("id"))[number]
        try:
            self.model.undo(number)
        except Conflict:
            with pytest.raises(Conflict):
                revert(SYSTEM, entry)
        else:
            revert(SYSTEM, entry)


@pytest.mark.django_db
@by_database
@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_undo_and_redo_do_what_a_simple_model_says(data: st.DataObject) -> None:
    with transaction.atomic():
        run = Run(data)
        for _ in range(STEPS):
            run.step()
        transaction.set_rollback(True)
