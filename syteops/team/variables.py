"""`syteops_user_NNN_…`: what automations may know of the team members."""

from collections.abc import Iterator

from syteops.core.variables import About, Variable, family, only, owner
from syteops.team.queries import live_members, published_values, with_related


@family(
    "team",
    "syteops_user_NNN_<field>, syteops_user_NNN_crm_NNN_id",
    "Each filled field of a team member, and who the member is in each CRM system.",
)
def member_variables(about: About = None) -> Iterator[Variable]:
    for member in with_related(only(live_members, about)):
        for field, value in published_values(member).items():
            name = f"syteops_user_{member.slot}_{field}"
            told = f"{field.replace('_', ' ')} of {member}"
            yield Variable(name, value, told, of=(owner(member),))
