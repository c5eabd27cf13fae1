"""How changes of a role, and of who holds it, are undone."""

from collections.abc import Mapping
from typing import Any

from syteops.core.actors import Actor
from syteops.core.errors import Conflict
from syteops.history.undo import Undo, column_values, register_undo
from syteops.roles import services
from syteops.roles.models import Role
from syteops.roles.queries import holders_of, holding
from syteops.team.models import TeamMember
from syteops.team.queries import members_with_ids

_FIELDS = ("name", "description", "icon", "color", "constraint_type", "max_count")


def _update(actor: Actor, role: Role, before: dict[str, Any]) -> None:
    values = column_values(Role, before, _FIELDS)
    if "assigned_ids" in before:
        values["holders"] = _holders(before)
    services.update_role(actor, role, **values)


def _restore(actor: Actor, role: Role, before: dict[str, Any]) -> None:
    values = column_values(Role, before, ("slug", *_FIELDS))
    services.restore_role(actor, role, before, holders=_holders(before), **values)


def _holders(before: Mapping[str, Any]) -> list[TeamMember]:
    """Who held the role. Raises Conflict if one of them is deleted by now."""
    ids = before.get("assigned_ids") or []
    members = members_with_ids(ids)
    if len(members) < len(ids):
        raise Conflict("A member who held the role is deleted. Restore the member first.")
    return members


register_undo(
    Undo(
        Role,
        update=_update,
        delete=services.delete_role,
        restore=_restore,
        relations=lambda role: holding(holders_of(role)),
        undone_by={"assigned": "update", "unassigned": "update"},
    )
)
