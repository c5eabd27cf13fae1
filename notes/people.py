"""Team members in a note as tools see them: by number, and by name once they are gone.

Numbers of deleted team members are free for others, so a note never shows them. The deleted
member's name stays: an author's as `author_name`, an attendee's among `attendee_names`. Restored,
the member is there by number again.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.db.models import Q, QuerySet

from notes.models import ActionItem, Note, NoteAttendee
from syteops.adminkit.searched_choices import FEW
from syteops.core.entities import by_slots
from syteops.core.identifiers import SLOT
from syteops.team.models import TeamMember

Path = tuple[str | int, ...]


def attendee_nums(note: Note) -> list[str]:
    """The numbers of the team members who were there."""
    return [one.member.slot for one in note.attendances.all() if one.member.slot]


def attendee_names(note: Note) -> list[str]:
    """The names of all others who were there."""
    return [*dict.fromkeys([*note.attendee_names, *map(str, departed_attendees(note))])]


def tags(note: Note) -> list[str]:
    """The note's tags, sorted."""
    return [one.name for one in note.tag_rows.all()]


def names_by_number() -> list[tuple[str, str]]:
    """Number and name of every team member, for a choice of one."""
    return _names(TeamMember.objects.order_by("number"))


def offered_names(chosen: str) -> tuple[list[tuple[str, str]], bool]:
    """The same, and that these are all; of too many to list only the chosen one, if it is one."""
    members = TeamMember.objects.order_by("number")
    listed = _names(members[: FEW + 1])
    if len(listed) <= FEW:
        return listed, True
    is_number = re.fullmatch(SLOT, chosen)
    return _names(members.filter(number=int(chosen)) if is_number else ()), False


def _names(members: Iterable[TeamMember]) -> list[tuple[str, str]]:
    return [(one.slot, str(one)) for one in members]


def departed_attendees(note: Note) -> list[TeamMember]:
    """Those who were there and are no team members any more."""
    return [one.member for one in note.attendances.all() if not one.member.slot]


def choosable(note: Note) -> "QuerySet[TeamMember]":
    """Whom a note can name: the team, and the departed whom it names already."""
    known = Q(deleted_at=None)
    if note.pk:
        # Joined, each member would be read once for every three notes that name it.
        known |= Q(pk__in=Note.objects.filter(pk=note.pk).values("author"))
        known |= Q(pk__in=NoteAttendee.objects.filter(note=note).values("member"))
        known |= Q(pk__in=ActionItem.objects.filter(note=note).values("assignee"))
    return TeamMember.all_objects.filter(known).order_by("number", "pk")


def resolved(values: Mapping[str, Any], note: Note | None = None) -> dict[str, Any]:
    """`values` with team members for their numbers, as the services take them.

    `note` is the note to be changed: what is sent back as it was read changes nothing of it.
    Raises Invalid naming each number that no team member has.
    """
    members = by_slots(TeamMember, dict(_numbers(values)))
    result = dict(values)
    if values.get("author"):
        result["author"] = members["author",]
    if "action_items" in values:
        stored = {item.pk: item for item in note.action_items.all()} if note else {}
        result["action_items"] = [
            _resolved_item(item, members.get(("action_items", index, "assignee")), stored)
            for index, item in enumerate(values["action_items"])
        ]
    return result | _attendees(values, members, note)


def _numbers(values: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    if values.get("author"):
        yield ("author",), values["author"]
    for index, number in enumerate(values.get("attendees", ())):
        yield ("attendees", index), number
    for index, item in enumerate(values.get("action_items", ())):
        if item.get("assignee"):
            yield ("action_items", index, "assignee"), item["assignee"]


def _resolved_item(
    item: Mapping[str, Any], assignee: TeamMember | None, stored: Mapping[int, ActionItem]
) -> dict[str, Any]:
    if "assignee" not in item:
        return dict(item)
    row = stored.get(item.get("id", 0))
    gone = row.assignee if row and row.assignee and not row.assignee.slot else None
    return {**item, "assignee": assignee or gone}


def _attendees(
    values: Mapping[str, Any], members: Mapping[Path, TeamMember], note: Note | None
) -> dict[str, Any]:
    """Both kinds of attendees; a departed one stays unless the names are sent without it."""
    names: Sequence[str] | None = values.get("attendee_names")
    departed = departed_attendees(note) if note else []
    if names is not None:
        departed = [member for member in departed if str(member) in names]
        names = [name for name in names if name not in map(str, departed)]
    result: dict[str, Any] = {} if names is None else {"attendee_names": names}
    if "attendees" in values:
        live = [members["attendees", index] for index in range(len(values["attendees"]))]
        return {**result, "attendees": [*live, *departed]}
    if note and names is not None:
        live = [one.member for one in note.attendances.all() if one.member.slot]
        return {**result, "attendees": [*live, *departed]}
    return result
