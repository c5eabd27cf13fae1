"""`syteops_notes_…`: what automations may know of the notes."""

from collections.abc import Iterator

from notes import queries
from notes.choices import NoteStatus
from notes.models import Note
from syteops.core.trials import Touched
from syteops.core.variables import About, Variable, family


@family(
    "notes",
    "syteops_notes_count_<status>, _open_action_items, _overdue_action_items, _next_follow_up",
    "How many notes there are, and what is to be done.",
)
def note_variables(about: About = None) -> Iterator[Variable]:
    if about is not None and not any(map(_is_told, about)):
        return
    counts = queries.counts_by_status()
    for status in NoteStatus:
        name = f"syteops_notes_count_{status}"
        yield Variable(name, str(counts.get(status, 0)), f"Number of {status.label.lower()} notes")
    items = queries.open_items()
    total, overdue, day = items["total"], items["overdue"], queries.next_follow_up()
    yield Variable("syteops_notes_open_action_items", str(total), "Action items still to do")
    yield Variable("syteops_notes_overdue_action_items", str(overdue), "Those past their due date")
    text = day.isoformat() if day else ""
    yield Variable("syteops_notes_next_follow_up", text, "Date of the next follow-up")


def _is_told(one: Touched) -> bool:
    """Whether anything that is counted may have changed: not by who wrote a note, or was there."""
    return issubclass(one.model, Note) and not (one.names and one.names <= _UNTOLD)


_UNTOLD = {"author", "attendees", "as_author", "as_attendee", "as_assignee"}
