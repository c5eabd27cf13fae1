"""How changes of a team member are undone."""

from typing import Any

from syteops.audit.undo import Undo, column_values, register_undo
from syteops.crm.queries import identifiers_of
from syteops.lib.actors import Actor
from syteops.lib.errors import Conflict
from syteops.team import services
from syteops.team.models import TeamMember
from syteops.team.queries import user_named

_NOT_COLUMNS = ("profile_picture", "user")


def _update(actor: Actor, member: TeamMember, before: dict[str, Any]) -> None:
    columns = {field.name for field in TeamMember._meta.concrete_fields} - {*_NOT_COLUMNS}
    values = column_values(TeamMember, before, columns)
    if "user" in before:
        values["user"] = _user(before["user"])
    if "crm_ids" in before:
        now = dict.fromkeys(identifiers_of(member.pk), "")
        values["crm_ids"] = {**now, **(before["crm_ids"] or {})}
    if before.get("profile_picture"):
        raise Conflict("The picture that was there is kept nowhere. Upload it again by hand.")
    if "profile_picture" in before:
        values["profile_picture"] = False
    services.update_member(actor, member, **values)


def _user(username: str | None) -> Any:
    user = user_named(username) if username else None
    if username and user is None:
        raise Conflict(f"There is no user {username} any more.")
    return user


def _restore(actor: Actor, member: TeamMember, before: dict[str, Any]) -> None:
    services.restore_member(actor, member)


register_undo(
    Undo(
        TeamMember,
        update=_update,
        delete=services.delete_member,
        restore=_restore,
        relations=lambda member: {"crm_ids": identifiers_of(member.pk)},
    )
)
