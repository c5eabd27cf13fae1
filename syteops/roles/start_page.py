"""What the start page shows of roles: who is responsible for the site."""

from typing import Any

from django.urls import reverse

from syteops.core.start_page import Line, Panel, Step, first_step, panel
from syteops.roles.models import RoleAssignment
from syteops.roles.queries import all_roles


@first_step(
    20,
    "roles.change_role",
    Step(
        "Say who is responsible",
        "Give the roles, such as Site owner, to people. Automations ask for the role, not a name.",
        "assignment_ind",
        "admin:roles_role_changelist",
    ),
)
def has_holders() -> bool:
    """Whether somebody holds a role."""
    return RoleAssignment.objects.exists()


@panel("roles.view_role")
def show_holders(person: Any) -> Panel:
    """Who holds the system roles."""
    lines = []
    for role in all_roles().filter(system=True):
        holders = ", ".join(str(one) for one in role.holders)
        page = reverse("admin:roles_role_change", args=[role.pk])
        lines.append(Line(role.name, "" if holders else "warn", holders or "nobody", page))
    url = reverse("admin:roles_role_changelist")
    return Panel("Who is responsible", "assignment_ind", url, None, lines)
