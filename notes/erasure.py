"""What notes keep about a team member: who wrote them, who was there, who is to do what."""

from typing import Any

from notes.models import Note
from notes.services import forget_member
from syteops.core.actors import Actor
from syteops.team.models import TeamMember
from syteops.team.places import Traces, clears_answers, forgets


@forgets("notes")
def forget_in_notes(actor: Actor, member: TeamMember) -> int:
    """Clear every reference to the member. How many notes had one."""
    return forget_member(actor, member)


@clears_answers(Note.resource)
def clear_in_note(member: Traces, shown: dict[str, Any]) -> dict[str, Any]:
    """Clear the names that a note shows: the author's, and of those who were there and left. And
    that of who is to do something, which an action item shows by itself.
    """
    cleared = dict(shown)
    for one in ("author", "assignee"):
        number, name = shown.get(one), f"{one}_name"
        if (number is None or number in member.numbers) and member.has_name(shown.get(name)):
            cleared[name] = None
    if "attendee_names" in shown:
        cleared["attendee_names"] = [
            name for name in shown["attendee_names"] if not member.has_name(name)
        ]
    return cleared
