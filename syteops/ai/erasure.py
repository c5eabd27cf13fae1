"""What AI suggestions keep about a team member."""

from django.db.models import Q

from syteops.ai.choices import UNDER_WAY
from syteops.ai.models import AiSuggestion
from syteops.ai.suggestions import dismiss
from syteops.core.actors import Actor, ActorKind
from syteops.lib.folding import fold
from syteops.team.models import TeamMember
from syteops.team.places import forgets
from syteops.team.queries import known_as


@forgets("ai_suggestions")
def forget_suggestions_of(actor: Actor, member: TeamMember) -> int:
    """Delete the suggestions that the member has asked for, and those that name the member.

    They are kept for thirty days at most, so they are few. How many that were. Questions under way
    are cancelled, whoever asked them: the member may be in what was sent, and so in the answer.
    """
    # First, and locked: what is answered meanwhile finds its question cancelled, and is not kept.
    asked = AiSuggestion.objects.select_for_update().filter(state__in=UNDER_WAY).order_by("pk")
    under_way = list(asked)
    _, known = known_as(member)
    # An AI calls people by half of their name, too. Rather one suggestion too many than one left.
    names = {fold(one) for one in (*known, *_parts_of_name(member)) if one}
    named = [one.pk for one in AiSuggestion.objects.exclude(items=[]) if _names(one, names)]
    for one in under_way:
        dismiss(actor, one)
    found = Q(pk__in=named)
    if member.user_id:
        found |= Q(actor_kind=ActorKind.PERSON, actor_id=str(member.user_id))
    return AiSuggestion.objects.filter(found).delete()[0]


def _parts_of_name(member: TeamMember) -> tuple[str, ...]:
    return member.first_name, member.last_name, member.nickname


def _names(suggestion: AiSuggestion, names: set[str]) -> bool:
    texts = [fold(str(value)) for item in suggestion.items for value in item.values()]
    return any(name in text for name in names for text in texts)
