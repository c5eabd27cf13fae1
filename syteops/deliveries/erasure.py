"""What deliveries keep about a team member: a receiver may answer with what it was sent."""

from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from syteops.audit.models import AuditEntry
from syteops.core.actors import Actor
from syteops.core.events import Verb
from syteops.deliveries.models import DeliveryAttempt, DestinationState
from syteops.team.models import TeamMember
from syteops.team.places import forgets
from syteops.team.queries import remainders_of


@forgets("delivery_answers")
def forget_answers(actor: Actor, member: TeamMember) -> int:
    """Clear what was answered to events that told of the member. How many answers that were.

    Those are the events of the audit entries that lose their values with the member. Of an event
    without an entry nothing tells whom it was about: an entry that is not kept any more, or values
    of variables, which hold anybody's.
    """
    # What is being answered just now is stored behind this lock, which sees what was erased.
    list(DestinationState.objects.select_for_update().order_by("pk").only("pk"))
    entries = [one.entry.pk for one in remainders_of(member)]
    entry = AuditEntry.objects.filter(pk=OuterRef("delivery__event__entry_id"))
    told = Q(delivery__event__entry__in=entries) | ~Exists(entry)
    keys = DeliveryAttempt.objects.filter(told).exclude(answer="").values("pk")
    return DeliveryAttempt.objects.filter(pk__in=keys).update(answer="")


def has_erased(since: datetime) -> bool:
    """Whether a member was erased since then: what was sent, and is answered, may tell of him."""
    event = f"{TeamMember.noun}.{Verb.ERASED}"
    return AuditEntry.objects.filter(event=event, at__gte=since).exists()
