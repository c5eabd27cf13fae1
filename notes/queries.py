"""Reading notes."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, TypedDict

from django.db.models import Case, Count, F, Max, Min, Prefetch, Q, QuerySet, When
from django.utils import timezone

from notes.choices import NoteStatus
from notes.models import ActionItem, Note, NoteAttendee, NoteTag
from syteops.audit.queries import keys_of_changed
from syteops.core import texts
from syteops.core.entities import find
from syteops.core.errors import NotFound
from syteops.team.models import TeamMember

OF_ATTENDEES = "attendances__member__full_name_folded"
SEARCHED = ("searched", "tag_rows__name_folded", "action_items__searched", OF_ATTENDEES)
MOST_LISTED = 200
"""Tags from which one is chosen."""
ORDERINGS = dict.fromkeys(("title", "meeting_date", "follow_up_date", "created_at", "updated_at"))


def notes() -> QuerySet[Note]:
    """Every note with what belongs to it, in four queries whatever their number."""
    return (
        Note.objects.defer("searched")
        .select_related("author")
        .prefetch_related(
            Prefetch("attendances", _naming_alone(NoteAttendee, "member")),
            Prefetch("action_items", _naming_alone(ActionItem, "assignee")),
            "tag_rows",
        )
    )


def _naming_alone(model: type[NoteAttendee | ActionItem], whom: str) -> QuerySet[Any]:
    """The rows with the members whom they name, and of these no more than what names them: a note
    has hundreds, and all else of a member may be long."""
    columns = (one.name for one in model._meta.concrete_fields if one.name != "searched")
    named = (f"{whom}__{name}" for name in TeamMember.named_by)
    return model.objects.select_related(whom).only(*columns, *named)


def fitting(keys: Sequence[int]) -> int:
    """How many of the first of these notes can be read at once."""
    return texts.fitting(Note, keys, NoteAttendee, ActionItem, NoteTag)


def normal_tag(text: str) -> str:
    """A tag as it is stored: lower case, single blanks."""
    return " ".join(text.lower().split())


def all_tags() -> dict[str, str] | None:
    """Every tag once, sorted: what it folds to, and the way in which it was spelled last.

    None where there are too many to list.
    """
    grouped = NoteTag.objects.order_by("name_folded").values("name_folded")
    last = grouped.annotate(last=Max("id")).values("last")[: MOST_LISTED + 1]
    found = NoteTag.objects.filter(pk__in=last).order_by("name_folded")
    tags = dict(found.values_list("name_folded", "name"))
    return tags if len(tags) <= MOST_LISTED else None


def get_note(note_id: str, lock: bool = False) -> Note:
    """The note of that id with what belongs to it, locked on request. Raises NotFound."""
    return find(notes(), "pk", note_id, lock)


# --- Whom and what they are about -----------------------------------------------------------------


def written_by(number: str) -> Q:
    """The notes whose author is the team member of that number."""
    return Q(author__number=int(number))


def attended_by(number: str) -> Q:
    """The notes of meetings at which the team member of that number was."""
    there = NoteAttendee.objects.filter(member__number=int(number))
    return Q(pk__in=there.order_by().values("note"))


def notes_naming(member: TeamMember) -> QuerySet[Note]:
    """The notes that name the member, with their titles alone."""
    was_there = Q(pk__in=_notes_with(NoteAttendee, member=member))
    has_work = Q(pk__in=_notes_with(ActionItem, assignee=member))
    return Note.objects.filter(Q(author=member) | was_there | has_work).only("title")


def ways_named(member: TeamMember) -> dict[int, dict[str, int]]:
    """How often each of these notes names the member, by its key: as whom, and how many times."""
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for way, rows, note in (
        ("as_author", Note.objects.filter(author=member), "pk"),
        ("as_attendee", NoteAttendee.objects.filter(member=member), "note_id"),
        ("as_assignee", ActionItem.objects.filter(assignee=member), "note_id"),
    ):
        counted = rows.order_by().values_list(note).annotate(times=Count("pk"))
        for key, times in counted:
            found[key][way] = times
    return found


def without(member: TeamMember) -> Case:
    """A note's author, unless that is the member."""
    return Case(When(author=member, then=None), default="author")


def _notes_with(model: type[NoteAttendee | ActionItem], **which: Any) -> Any:
    return model.objects.filter(**which).order_by().values("note")


def with_work_for(number: str) -> Q:
    """The notes of which the team member of that number has something still to do."""
    return _with_open_action(assignee__number=int(number))


def with_work_due_before(day: date) -> Q:
    """The notes of which something still to do is due before that day."""
    return _with_open_action(due_date__lt=day)


def _with_open_action(**which: Any) -> Q:
    return Q(pk__in=ActionItem.objects.filter(done=False, **which).order_by().values("note"))


def action_items() -> QuerySet[ActionItem]:
    """Every action item with its note and who is to do it; those of archived notes are no work."""
    found = ActionItem.objects.exclude(note__in=_archived())
    return found.select_related("note", "assignee").defer("searched", *_UNSHOWN)


def _archived() -> "QuerySet[Note, Any]":
    # From an index, once: beside each of very many items its long note would be read.
    return Note.objects.filter(status=NoteStatus.ARCHIVED).order_by().values("pk")


_UNSHOWN = tuple(f"note__{name}" for name in ("searched", "content", "excerpt", "meta"))


def agenda(assignee: str = "", *, done: bool = False) -> QuerySet[ActionItem]:
    """What is to do, or was done: what was due first in front, and what has no date at the end."""
    found = action_items().filter(done=done)
    if assignee:
        found = found.filter(assignee__number=int(assignee))
    return found.order_by(F("due_date").asc(nulls_last=True), "pk")


def overdue(to_do: QuerySet[ActionItem]) -> QuerySet[ActionItem]:
    """Of what is to do that which should have been done before today."""
    return to_do.filter(due_date__lt=timezone.localdate())


def get_action(item_id: str, lock: bool = False) -> ActionItem:
    """The action item of that id, with its note locked on request. Raises NotFound.

    An item is changed with its note: whoever locks, locks that.
    """
    items: Any = ActionItem.objects.select_related("note", "assignee")
    item: ActionItem = find(items, "pk", item_id)
    if not lock:
        return item
    note = get_note(str(item.note_id), lock=True)
    for one in note.action_items.all():
        if one.pk == item.pk:
            one.note = note
            return one
    raise NotFound(f"There is no action item {item_id}.")


def falling_due() -> QuerySet[ActionItem]:
    """What is still to do and due by now, and was not told of since it got this due date."""
    due = action_items().filter(done=False, due_date__lte=timezone.localdate())
    return due.exclude(reminded_of=F("due_date")).order_by("due_date", "pk")


def changed_with(since: datetime) -> Q:
    """The notes that name a team member who was changed since then, or left, or came back."""
    members = keys_of_changed(TeamMember, since, TeamMember.named_by)
    # Joined, each item of a note would be read once for each who was there: 40,000 rows of one.
    was_there = Q(pk__in=_notes_with(NoteAttendee, member__among=members))
    has_work = Q(pk__in=_notes_with(ActionItem, assignee__among=members))
    return Q(author__among=members) | was_there | has_work


class NoteDeleteImpact(TypedDict):
    """What goes with a note."""

    id: int
    title: str
    action_items: int
    attendees: int


def deletion_impact(note: Note) -> NoteDeleteImpact:
    """What deleting the note would take away."""
    return {
        "id": note.pk,
        "title": note.title,
        "action_items": len(note.action_items.all()),
        "attendees": len(note.attendances.all()) + len(note.attendee_names),
    }


def counts_by_status() -> dict[str, int]:
    """How many notes there are of each status that occurs."""
    return dict(Note.objects.order_by().values_list("status").annotate(Count("id")))


def open_items() -> dict[str, int]:
    """How many action items are still to be done, and how many of them are overdue.

    Those of archived notes do not count.
    """
    open_ones = ActionItem.objects.filter(done=False).exclude(note__in=_archived())
    late = Q(due_date__lt=timezone.localdate())
    return open_ones.aggregate(total=Count("id"), overdue=Count("id", filter=late))


def next_follow_up() -> date | None:
    """The nearest follow-up from today on, of notes that are not archived."""
    coming = Note.objects.filter(follow_up_date__gte=timezone.localdate())
    found = coming.exclude(status=NoteStatus.ARCHIVED).aggregate(day=Min("follow_up_date"))
    return found["day"]  # type: ignore[no-any-return]
