"""What notes keep about a team member: who wrote them, who was there, who is to do what."""

from notes.services import forget_member
from syteops.core.actors import Actor
from syteops.team.models import TeamMember
from syteops.team.places import forgets


@forgets("notes")
def forget_in_notes(actor: Actor, member: TeamMember) -> int:
    """Clear every reference to the member. How many notes had one."""
    return forget_member(actor, member)
