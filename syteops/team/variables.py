"""`syteops_user_NNN_…`: what automations may know of the team members."""

from collections.abc import Iterable, Iterator

from syteops.core.variables import About, Variable, family, only, owner, pieces
from syteops.team.models import TeamMember
from syteops.team.queries import live_members, published_values, with_related


def _with_related(members: Iterable[TeamMember]) -> Iterator[TeamMember]:
    for piece in pieces(members):
        yield from with_related(piece)


@family(
    "team",
    "syteops_user_NNN_<field>, syteops_user_NNN_crm_NNN_id",
    "Each filled field of a team member, and who the member is in each CRM system.",
    TeamMember,
)
def member_variables(about: About = None) -> Iterator[Variable]:
    for member in _with_related(only(live_members, about)):
        for field, value in published_values(member).items():
            name = f"syteops_user_{member.slot}_{field}"
            told = f"{field.replace('_', ' ')} of {member}"
            yield Variable(name, value, told, of=(owner(member),))
