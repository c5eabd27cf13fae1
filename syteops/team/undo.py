"""How changes of a team member are undone."""

from collections.abc import Mapping
from typing import Any

from syteops.audit.models import AuditEntry
from syteops.core.actors import Actor
from syteops.core.errors import Conflict, RoleFull
from syteops.core.events import Verb
from syteops.crm.models import CrmSystem
from syteops.crm.queries import identifiers_of
from syteops.history.undo import Undo, register_undo
from syteops.history.undoable import befores, verb_of
from syteops.people.queries import SEES_LOGINS
from syteops.team import services
from syteops.team.attachments import all_attachments
from syteops.team.models import TeamMember
from syteops.team.queries import user_with_id


def _update(actor: Actor, member: TeamMember, **before: Any) -> None:
    pk = before.pop("user_id", None)
    if "user" in before:
        before["user"] = _user(before["user"], pk)
    if "crm_ids" in before:
        now = dict.fromkeys(identifiers_of(member.pk), "")
        before["crm_ids"] = {**now, **_by_number(before["crm_ids"] or {})}
    if "profile_picture" in before:
        before["profile_picture"] = False
    services.update_team_member(actor, member, **before)


def _by_number(identifiers: Mapping[CrmSystem, str]) -> dict[str, str]:
    for system in identifiers:
        if system.deleted_at is not None:
            gone = Conflict(f"{system} was deleted since. Restore that CRM system first.")
            gone.tells_of = CrmSystem.resource
            raise gone
    return {system.slot: text for system, text in identifiers.items()}


def _user(username: str | None, pk: int | None) -> Any:
    """The very account: another person may have that name by now."""
    user = user_with_id(pk) if pk else None
    if username and user is None:
        raise Conflict(f"The account {username} was deleted since. Choose a login by hand.")
    return user


def _restore(actor: Actor, member: TeamMember, **held: Any) -> None:
    attached = {name: held.get(name) or [] for name in all_attachments()}
    try:
        services.restore_team_member(actor, member, **attached)
    except RoleFull as full:
        detail = f"{full.detail} Or restore the member without roles."
        raise RoleFull(detail, **full.extra) from full


def _relations(member: TeamMember) -> dict[str, Any]:
    attached = {name: one.names(member) for name, one in all_attachments().items()}
    return {"crm_ids": identifiers_of(member.pk), **attached}


def _why_not(entry: AuditEntry) -> str:
    """A picture is deleted with the change that replaces it, and whoever was erased is gone."""
    if not entry.changes or verb_of(entry) == Verb.ERASED:
        return "The member was erased for good: nothing is left that could be put back."
    picture = entry.changes.get("profile_picture", {})
    if verb_of(entry) == Verb.UPDATED and picture.get("before"):
        return "The picture that was there is kept nowhere. Upload it again by hand."
    return ""


register_undo(
    Undo(
        TeamMember,
        update=_update,
        restore=_restore,
        relations=_relations,
        elsewhere=tuple(all_attachments()),
        names={"crm_ids": CrmSystem, **{n: one.model for n, one in all_attachments().items()}},
        undone_by={"deleted": "restore"},
        also_needs={name: one.operation for name, one in all_attachments().items()},
        further=lambda entry: [SEES_LOGINS] if befores(entry).get("user") else [],
        why_not=_why_not,
    )
)
