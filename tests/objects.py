"""Objects by what tools call them, for tests that look at what is stored."""

from syteops.core.entities import find
from syteops.crm.models import CrmSystem
from syteops.roles.models import Role
from syteops.team.models import TeamMember


def get_system(crm_num: str) -> CrmSystem:
    """The CRM system of that number. Raises NotFound."""
    system: CrmSystem = find(CrmSystem.objects.all(), "number", crm_num)
    return system


def get_role(slug: str, lock: bool = False) -> Role:
    """The role of that slug, locked on request. Raises NotFound."""
    return find(Role.objects.all(), "slug", slug, lock)


def get_member(user_num: str, lock: bool = False) -> TeamMember:
    """The live member of that number, locked on request. Raises NotFound."""
    member: TeamMember = find(TeamMember.objects.all(), "number", user_num, lock)
    return member
