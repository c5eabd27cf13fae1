"""What the API keeps about a team member: answers, for those who ask again."""

from collections.abc import Collection
from typing import Any

from manage_api.idempotency import rewrite_answers
from syteops.audit.queries import entries_of
from syteops.core.actors import Actor
from syteops.team.models import TeamMember
from syteops.team.places import forgets


@forgets("stored_answers")
def forget_answers(actor: Actor, member: TeamMember) -> int:
    """Leave of the member's record its identifiers, and of its name in other records nothing."""
    labels = entries_of(member).values_list("object_label", flat=True)
    names = {*labels, str(member), member.shown_name} - {""}
    return rewrite_answers(lambda data: _without(data, member.pk, names))


def _without(value: Any, pk: int, names: Collection[str]) -> Any:
    if isinstance(value, list):
        kept = (one for one in value if not (isinstance(one, str) and one in names))
        return [_without(one, pk, names) for one in kept]
    if isinstance(value, dict):
        if value.get("id") == pk and "user_num" in value:
            return {name: value[name] for name in ("id", "user_num")}
        return {name: _without(one, pk, names) for name, one in value.items()}
    return None if isinstance(value, str) and value in names else value
