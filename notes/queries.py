"""Reading notes."""

from datetime import date, datetime
from typing import TypedDict

from django.db.models import Count, Max, Min, Prefetch, Q, QuerySet
from django.utils import timezone

from notes.choices import NoteStatus
from notes.models import ActionItem, Note, NoteAttendee, NoteTag
from syteops.audit.queries import keys_of_changed
from syteops.core.entities import find
from syteops.team.models import TeamMember
from syteops.team.queries import SHOWN_ELSEWHERE

SEARCHED = (
    "searched",
    "tag_rows__name_folded",
    "action_items__searched",
    "attendances__member__full_name_folded",
)
ORDERINGS = dict.fromkeys(("title", "meeting_date", "follow_up_date", "created_at", "updated_at"))


def notes() -> QuerySet[Note]:
    """Every note with what belongs to it, in four queries whatever their number."""
    return (
        Note.objects.defer("searched")
        .select_related("author")
        .prefetch_related(
            Prefetch("attendances", NoteAttendee.objects.select_related("member")),
            Prefetch("action_items", ActionItem.objects.select_related("assignee")),
            "tag_rows",
        )
    )


def normal_tag(text: str) -> str:
    """A tag as it is stored: lower case, single blanks."""
    return " ".join(text.lower().split())


def all_tags() -> dict[str, str]:
    """Every tag once, sorted: what it folds to, and the way in which it was spelled last."""
    last = NoteTag.objects.order_by().values("name_folded").annotate(last=Max("id")).values("last")
    found = NoteTag.objects.filter(pk__in=last).order_by("name_folded")
    return dict(found.values_list("name_folded", "name"))


def get_note(note_id: str, lock: bool = False) -> Note:
    """The note of that id with what belongs to it, locked on request. Raises NotFound."""
    return find(notes(), "pk", note_id, lock)


def changed_with(since: datetime) -> Q:
    """The notes that name a team member who was changed since then, or left, or came back."""
    members = keys_of_changed(TeamMember, since, SHOWN_ELSEWHERE)
    named = Q(author__in=members) | Q(attendances__member__in=members)
    return named | Q(action_items__assignee__in=members)


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
    late = Q(due_date__lt=timezone.localdate())
    open_ones = ActionItem.objects.filter(done=False).exclude(note__status=NoteStatus.ARCHIVED)
    return open_ones.aggregate(total=Count("id"), overdue=Count("id", filter=late))


def next_follow_up() -> date | None:
    """The nearest follow-up from today on, of notes that are not archived."""
    coming = Note.objects.filter(follow_up_date__gte=timezone.localdate())
    found = coming.exclude(status=NoteStatus.ARCHIVED).aggregate(day=Min("follow_up_date"))
    return found["day"]  # type: ignore[no-any-return]
