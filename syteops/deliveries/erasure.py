"""What deliveries keep about a team member: a receiver may answer with what it was sent."""

from syteops.core.actors import Actor
from syteops.deliveries.models import DeliveryAttempt
from syteops.team.models import TeamMember
from syteops.team.places import forgets
from syteops.team.queries import remainders_of


@forgets("delivery_answers")
def forget_answers(actor: Actor, member: TeamMember) -> int:
    """Clear what was answered to events that told of the member. How many answers that were.

    Those are the events of the audit entries that lose their values with the member.
    """
    entries = [one.entry.pk for one in remainders_of(member)]
    told = DeliveryAttempt.objects.filter(delivery__event__entry__in=entries).exclude(answer="")
    return DeliveryAttempt.objects.filter(pk__in=list(told.values_list("pk", flat=True))).update(
        answer=""
    )
