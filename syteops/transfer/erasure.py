"""What uploads keep about a team member."""

from syteops.core.actors import Actor
from syteops.team.models import TeamMember
from syteops.team.places import forgets
from syteops.transfer.models import Download, Import


@forgets("imports")
def forget_uploads(actor: Actor, member: TeamMember) -> int:
    """Delete whatever waits to be imported or fetched: anybody may be in it. How many that were."""
    return Import.objects.all().delete()[0] + Download.objects.all().delete()[0]
