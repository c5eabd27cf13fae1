"""What uploads keep about a team member."""

from syteops.core.actors import Actor
from syteops.team.models import TeamMember
from syteops.team.places import forgets
from syteops.transfer.models import Import


@forgets("imports")
def forget_uploads(actor: Actor, member: TeamMember) -> int:
    """Delete every upload that waits to be imported: anybody may be in it. How many that were."""
    return Import.objects.all().delete()[0]
