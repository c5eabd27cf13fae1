"""What an entry says of undoing it: whether that is possible, and what it amounts to."""

from typing import Any

from syteops.audit.models import AuditEntry, Outcome
from syteops.core.actors import Channel
from syteops.core.events import Verb
from syteops.history.undo import DELETED, MADE, Undo, all_undos


def undo_of(entry: AuditEntry) -> Undo | None:
    """How changes of the entry's kind of object are undone, if they are."""
    return all_undos().get(entry.event.partition(".")[0])


def can_revert(entry: AuditEntry) -> bool:
    """Whether the change can be undone, as far as the entry itself tells."""
    return not why_never(entry) and not lost_secret(entry)


def lost_secret(entry: AuditEntry) -> bool:
    """Whether undoing the change would take a secret that is kept nowhere."""
    undo = undo_of(entry)
    secrets = undo.secrets if undo and verb_of(entry) != DELETED else set()
    return any(befores(entry).get(name) for name in secrets)


def why_never(entry: AuditEntry) -> str:
    """Why this kind of change is never undone, whatever happens; "" if it is."""
    undo = undo_of(entry)
    if entry.outcome != Outcome.CHANGED:
        return "This was refused: nothing changed that could be undone."
    if undo is None:
        return f"{entry.event} cannot be undone."
    if entry.door == Channel.MIGRATION:
        return "This came with SyteOps itself and is not undone."
    if reason := undo.why_not(entry):
        return reason
    if verb_of(entry) not in undo.actions or not entry.object_pk or not entry.changes:
        return f"{entry.event} cannot be undone."
    return ""


def amounts_to(entry: AuditEntry) -> list[str]:
    """The operations, such as `crm.update`, that undoing this change amounts to together."""
    undo = undo_of(entry)
    if undo is None:
        return []
    action = undo.actions.get(verb_of(entry), "update")
    changed = () if verb_of(entry) in MADE else entry.changes
    further = {name for one, name in undo.also_needs.items() if one in changed}
    if action == "update" and undo.removes(entry):
        further.add(f"{undo.resource}.delete")
    return [f"{undo.resource}.{action}", *sorted(further)]


def further_permissions(entry: AuditEntry) -> list[str]:
    """The permissions that it takes beside those of the operations, for what it gives back."""
    undo = undo_of(entry)
    return [*undo.further(entry)] if undo and verb_of(entry) == Verb.UPDATED else []


def verb_of(entry: AuditEntry) -> str:
    """What was done: "updated"."""
    return entry.event.partition(".")[2]


def befores(entry: AuditEntry) -> dict[str, Any]:
    """Each changed field as it was before."""
    return {name: change["before"] for name, change in entry.changes.items()}


def afters(entry: AuditEntry) -> dict[str, Any]:
    """Each changed field as it was then."""
    return {name: change["after"] for name, change in entry.changes.items()}


def given_back(entry: AuditEntry) -> dict[str, Any]:
    """Each field as undoing the change would leave it: without secrets, which do not come back."""
    undo = undo_of(entry)
    secrets = undo.secrets if undo and verb_of(entry) == DELETED else set()
    lost = secrets | {f"{name}_set_at" for name in secrets}
    return {name: value for name, value in befores(entry).items() if name not in lost}
