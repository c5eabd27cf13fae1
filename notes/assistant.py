"""What AI suggests for notes. Nothing of it is stored before somebody has accepted it."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from notes import services
from notes.models import Note
from notes.people import names_by_number
from notes.queries import get_note
from notes.serializers import ActionItemSerializer, NoteSerializer
from syteops.ai.editing import Field
from syteops.ai.suggesting import Item, Suggesting
from syteops.core.actors import Actor
from syteops.core.entities import by_slot
from syteops.core.errors import Conflict
from syteops.lib.answers import date_of, text_of
from syteops.lib.folding import fold
from syteops.lib.markdown import excerpt, says_something
from syteops.team.models import TeamMember

_SUMMARY_LENGTH = 400
_TEXT_LENGTH = 500


class _OfNotes(Suggesting):
    model = Note
    find = staticmethod(get_note)

    def source(self, about: Note) -> str:
        if not says_something(about.content):
            raise Conflict("The note has no content yet. Write something, save it, and try again.")
        return f"# {about.title}\n\n{about.content}"


class Summary(_OfNotes):
    """The excerpt of a note."""

    title = "Suggest a summary"
    sends = "The saved title and content go to the AI provider."
    instructions = (
        "You summarise meeting notes in one item: plain text without markup, two sentences, "
        f"{_SUMMARY_LENGTH} characters at most, in the language of the notes."
    )
    properties = {"summary": {"type": "string"}}

    def read(self, about: Note, given: Mapping[str, Any]) -> Item | None:
        told = given.get("summary")
        plain = excerpt(told, _SUMMARY_LENGTH) if isinstance(told, str) else ""
        summary = text_of(plain, len(plain))
        return {"summary": summary} if summary else None

    def fields(self) -> Mapping[str, Field]:
        return {"summary": NoteSerializer().fields["excerpt"]}

    def words(self, item: Item) -> str:
        return str(item["summary"])

    def present(self, about: Note) -> Sequence[str]:
        return [about.excerpt] if about.excerpt else []

    def accept(self, actor: Actor, about: Note, items: Sequence[Item]) -> Note:
        return services.update_note(actor, about, excerpt=items[0]["summary"])


class ActionItems(_OfNotes):
    """What somebody is to do. An item names its assignee by number, and by name for certainty."""

    title = "Suggest action items"
    sends = "The saved title and content, and the names of the team, go to the AI provider."
    sends_names_of = (TeamMember.resource,)
    instructions = (
        "You find action items in meeting notes: what somebody is to do. `assignee` is a name from "
        "the list of people, or null; `due_date` is YYYY-MM-DD, or null. Give no items if there "
        "are none. Write in the language of the notes."
    )
    properties = {
        "text": {"type": "string"},
        "assignee": {"type": ["string", "null"]},
        "due_date": {"type": ["string", "null"]},
    }

    def context(self, about: Note) -> str:
        names = json.dumps([*_people()], ensure_ascii=False)
        return f"Meeting date: {about.meeting_date or 'unknown'}\nPeople: {names}"

    def read(self, about: Note, given: Mapping[str, Any]) -> Item | None:
        text = text_of(given.get("text"), _TEXT_LENGTH)
        if not text:
            return None
        people = _people()
        name = text_of(given.get("assignee"), 200)
        due = date_of(given.get("due_date"))
        return {
            "text": text,
            "assignee": people.get(name),
            "assignee_name": name if name in people else None,
            "due_date": due and due.isoformat(),
        }

    def fields(self) -> Mapping[str, Field]:
        rules = ActionItemSerializer().fields
        return {name: rules[name] for name in self.properties}

    def choices(self) -> Mapping[str, Sequence[tuple[str, str]]]:
        return {"assignee": names_by_number()}

    def completed(self, item: Item) -> Item:
        number = item["assignee"]
        member = by_slot(TeamMember, "assignee", number) if number else None
        return {**item, "assignee_name": str(member) if member else None}

    def words(self, item: Item) -> str:
        parts = (item["text"], item["assignee_name"], item["due_date"])
        return " · ".join(filter(None, parts))

    def present(self, about: Note) -> Sequence[str]:
        return [item.text for item in about.action_items.all()]

    def accept(self, actor: Actor, about: Note, items: Sequence[Item]) -> Note:
        """Those that the note has already are left out; what is there stays."""
        stored = about.action_items.all()
        known = {fold(item.text) for item in stored}
        new = {fold(one["text"]): one for one in reversed(items) if fold(one["text"]) not in known}
        rows = [*({"id": one.pk} for one in stored), *map(_row, reversed(new.values()))]
        return services.update_note(actor, about, action_items=rows)


def _people() -> dict[str, str]:
    """The number of each member by name, without the names that several have."""
    members = list(TeamMember.objects.all())
    times = Counter(map(str, members))
    return {name: one.slot for one in members if times[name := str(one)] == 1}


def _row(item: Item) -> dict[str, Any]:
    return {
        "text": item["text"],
        "assignee": _member(item),
        "due_date": date_of(item["due_date"]),
    }


def _member(item: Item) -> TeamMember | None:
    """Whom the item names. A number may be another's by now: then the name is not the same."""
    number = item["assignee"]
    found = TeamMember.objects.filter(number=int(number)).first() if number else None
    return found if found and str(found) == item["assignee_name"] else None
