"""How changes of a role, and of who holds it, are undone."""

from collections.abc import Sequence
from typing import Any

from syteops.core.actors import Actor
from syteops.core.errors import Conflict
from syteops.core.events import Verb
from syteops.history.undo import Undo, register_undo
from syteops.roles import services
from syteops.roles.models import Role
from syteops.roles.queries import holders_of, holding
from syteops.team.models import TeamMember
from syteops.team.queries import members_with_ids


def _update(actor: Actor, role: Role, **before: Any) -> None:
    before.pop("assigned_users", None)  # numbers, which others may have by now
    if "assigned_ids" in before:
        before["holders"] = _holders(before.pop("assigned_ids"))
    services.update_role(actor, role, **before)


def _restore(actor: Actor, role: Role, **held: Any) -> None:
    services.restore_role(actor, role, holders=_holders(held.get("assigned_ids")))


def _holders(ids: Sequence[int] | None) -> list[TeamMember]:
    """Who held the role. Raises Conflict if one of them is deleted by now."""
    members = members_with_ids(ids or [])
    if len(members) < len(ids or []):
        raise Conflict("A member who held the role is deleted. Restore the member first.")
    return members


register_undo(
    Undo(
        Role,
        update=_update,
        restore=_restore,
        relations=lambda role: holding(holders_of(role)),
        undone_by={Verb.ASSIGNED: "update", Verb.UNASSIGNED: "update"},
    )
)
