"""What the API and its tasks keep about a team member: answers for who asks again, and failures."""

from functools import partial
from typing import Any

from manage_api.idempotency import rewrite_answers
from syteops.core.actors import Actor
from syteops.tasks.jobs import clear_words
from syteops.tasks.services import forget_tracebacks
from syteops.team.models import TeamMember
from syteops.team.places import Traces, all_answers, clears_answers, forgets
from syteops.team.queries import known_as

_KEPT = ("id", "user_num", "created_at", "updated_at")
_NULL = ("profile_picture", "user")
_BEGINNING = 100
"""So many characters of a name are those of an answer in any case: the trail cuts a long one."""


@forgets("stored_answers")
def forget_answers(actor: Actor, member: TeamMember) -> int:
    """Clear what answers tell of the member, in the fields that are known to; how many did."""
    traces = _traces_of(member)
    names = [name[:_BEGINNING] for name in traces.names]
    own = {TeamMember.resource: [{"id": member.pk}]}
    return sum(
        rewrite_answers(resource, partial(clear, traces), own.get(resource, names))
        for resource, clear in all_answers().items()
    )


@forgets("task_failures")
def forget_failures(actor: Actor, member: TeamMember) -> int:
    """Clear what exceptions say, of any task: nothing tells whose values are in it. How many."""
    return forget_tracebacks()


@forgets("task_words")
def forget_words(actor: Actor, member: TeamMember) -> int:
    """Clear what tasks say that somebody waited for, likewise: such as a file's name. How many."""
    return clear_words()


@clears_answers(TeamMember.resource)
def clear_record(member: Traces, shown: dict[str, Any]) -> dict[str, Any]:
    """The member's own record, with every value blank."""
    if shown.get("id") != member.pk:
        return shown
    return {name: value if name in _KEPT else _blank(name, value) for name, value in shown.items()}


def _blank(name: str, value: Any) -> Any:
    return None if name in _NULL else type(value)()


def _traces_of(member: TeamMember) -> Traces:
    ids, names = known_as(member)
    return Traces(member.pk, frozenset(ids), frozenset(names))
