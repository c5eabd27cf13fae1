from syteops.core.actors import Actor
from syteops.core.demo import seeds
from syteops.roles import services
from syteops.roles.choices import ConstraintType
from syteops.roles.models import Role, RoleAssignment
from syteops.team.models import TeamMember

HOLDERS = {"site_owner": 1, "technical_contact": 2, "marketing_contact": 3}


@seeds("role assignments", RoleAssignment)
def seed(actor: Actor) -> int:
    members = {member.number: member for member in TeamMember.objects.all()}
    for slug, number in HOLDERS.items():
        services.assign(actor, Role.objects.get(slug=slug), members[number])
    on_call = services.create_role(
        actor,
        name="On call",
        description="Answers alerts outside office hours.",
        icon="notifications_active",
        color="#b45309",
        constraint_type=ConstraintType.MAX_COUNT,
        max_count=2,
    )
    for number in (2, 4):
        services.assign(actor, on_call, members[number])
    return len(HOLDERS) + 2
