"""Who may undo a change: whoever may do what undoing it amounts to, and may write the trail."""

from dataclasses import replace
from typing import Any

from manage_api.operations import Operation, find, permission_verb, why_read_only
from syteops.audit.models import AuditEntry
from syteops.core.errors import Protected
from syteops.core.permissions import permission_name
from syteops.history.undo import DELETED, Undo
from syteops.history.undoable import (
    amounts_to,
    can_revert,
    further_permissions,
    undo_of,
    verb_of,
    why_never,
)

TO_UNDO = "audit.change_auditentry"
"""The permission that undoing anything takes."""


def operations_to_undo(entry: AuditEntry) -> list[Operation]:
    """The operations that undoing the change amounts to.

    Raises Protected where the API offers none: what it cannot change, it cannot change back.
    """
    found = [_declared(name) for name in amounts_to(entry)]
    if None in found:
        only_admin = f"{entry.event} is undone in the admin only: the API cannot change this."
        raise Protected(why_never(entry) or why_read_only(entry.object_resource) or only_admin)
    needed = [one for one in found if one is not None]
    if verb_of(entry) == DELETED:  # whatever the operation, the object is new to the site
        needed[0] = replace(needed[0], permission=needed[0].viewset.permission_name("add"))
    for permission in further_permissions(entry):
        reader = needed[0].viewset.operations["retrieve"]
        needed.append(replace(reader, permission=permission))
    return needed


def may_undo(user: Any, entry: AuditEntry) -> bool:
    """Whether the change can be undone at all, and that person may."""
    undo = undo_of(entry)
    if undo is None or not can_revert(entry):
        return False
    if undo.allows:
        return bool(user.has_perm(TO_UNDO) and undo.allows(user, entry))
    needed = [_permission(undo, name) for name in amounts_to(entry)]
    if verb_of(entry) == DELETED:
        needed[0] = permission_name(undo.model, "add")
    needed += further_permissions(entry)
    return bool(user.has_perms([TO_UNDO, *needed]))


def _permission(undo: Undo, name: str) -> str:
    """The Django permission for an operation; for one that only the admin has, the model's."""
    if declared := _declared(name):
        return declared.permission
    return permission_name(undo.model, permission_verb(name.partition(".")[2]))


def _declared(name: str) -> Operation | None:
    resource, _, action = name.partition(".")
    return find(resource, action)
