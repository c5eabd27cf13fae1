"""`syteops_user_NNN_…`: what automations may know of the team members."""

from collections.abc import Iterable, Iterator, Mapping

from syteops.core.variables import About, Variable, family, only, owner, pieces
from syteops.team.models import TeamMember
from syteops.team.queries import (
    beyond_identifiers,
    identifier_values,
    live_members,
    published_values,
    with_changed_identifiers,
    with_related,
)
from syteops.team.told_texts import members_having


def _with_related(members: Iterable[TeamMember]) -> Iterator[TeamMember]:
    for piece in pieces(members):
        yield from with_related(piece)


@family(
    "team",
    "syteops_user_NNN_<field>, syteops_user_NNN_crm_NNN_id",
    "Each filled field of a team member, and who the member is in each CRM system.",
    TeamMember,
    having=(TeamMember, members_having),
)
def member_variables(about: About = None) -> Iterator[Variable]:
    for member in _with_related(only(live_members, beyond_identifiers(about))):
        yield from _of(member, published_values(member))
    for member in with_changed_identifiers(about):
        yield from _of(member, identifier_values(member.crm_ids))


def _of(member: TeamMember, values: Mapping[str, str]) -> Iterator[Variable]:
    begins, name, of = f"syteops_user_{member.slot}", str(member), (owner(member),)
    for field, value in values.items():
        told = f"{field.replace('_', ' ')} of {name}"
        yield Variable(f"{begins}_{field}", value, told, of=of)
