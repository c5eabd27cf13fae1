"""Undoing a change: the object is put back to how it was before, through its own services."""

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction

from syteops.audit.models import AuditEntry
from syteops.audit.queries import are_readable, later_changes
from syteops.audit.snapshots import EMPTY, json_value
from syteops.audit.stored import require_genuine
from syteops.core.actors import Actor
from syteops.core.encryption import Sealed
from syteops.core.entities import Entity
from syteops.core.errors import Conflict, Invalid, ModuleInactive, Protected
from syteops.core.modules import inactive_modules, module_of
from syteops.history.naming import Naming
from syteops.history.undo import DELETED, MADE, Undo, is_live
from syteops.history.undoable import (
    afters,
    befores,
    given_back,
    lost_secret,
    undo_of,
    verb_of,
    why_never,
)


def revert(actor: Actor, entry: AuditEntry) -> str:
    """Put the object back to before `entry`; answers its public id, or the one it had.

    Raises Protected for a change that is never undone, ModuleInactive, or Conflict naming what
    stands in the way: a later change of the same fields, an object that is gone or back, or what
    the object's services refuse. Raises TrailBroken for an entry that somebody altered: what he
    wrote there would be done in the name of whoever undoes it.
    """
    undo, reason = undo_of(entry), why_never(entry)
    if undo is None or reason:
        raise Protected(reason)
    require_genuine(entry)
    if lost_secret(entry):
        raise Conflict("The secret that was there is kept nowhere. Set it again by hand.")
    module = module_of(undo.model.__module__)
    if module and module in inactive_modules():
        raise ModuleInactive(f"The module {module} is not active.")
    try:
        with transaction.atomic():
            return _revert(undo, actor, entry)
    except Invalid as refusal:
        fields = sorted({str(error.path[0]) for error in refusal.errors if error.path})
        why = " ".join(dict.fromkeys(error.detail for error in refusal.errors))
        raise Conflict(f"What was there cannot be put back. {why}", fields=fields) from refusal
    except IntegrityError as error:
        detail = "Something else has taken its place meanwhile. Nothing was stored."
        raise Conflict(detail) from error


def _revert(undo: Undo, actor: Actor, entry: AuditEntry) -> str:
    found = undo.locked(entry.object_pk)
    live = found if found is not None and is_live(found) else None
    if verb_of(entry) == DELETED:
        return _restore(undo, actor, entry, found, live)
    if live is None:
        raise Conflict("The object was deleted since. Undo the deletion first.")
    if verb_of(entry) in MADE:
        public_id = undo.public_id(live)
        _refuse_unless_as_made(undo, entry, live)
        undo.delete(actor, live)
        return public_id
    values = _to_put_back(undo, entry, live)
    if unknown := entry.changes.keys() - values.keys():
        raise Conflict(f"There is no such field any more: {', '.join(sorted(unknown))}.")
    undo.put_back(actor, live, values)
    return undo.public_id(live)


def _restore(
    undo: Undo, actor: Actor, entry: AuditEntry, found: Entity | None, live: Entity | None
) -> str:
    if live is not None:
        raise Conflict("The object is there already.")
    if later_changes(entry).filter(event=entry.event).exists():
        raise Conflict("It was restored and deleted again since. Undo the latest deletion.")
    naming, kept = Naming(undo.references, entry), given_back(entry)
    values = {name: naming.objects(name, naming.keys_at_entry(name, kept[name])) for name in kept}
    return undo.public_id(undo.bring_back(actor, entry.object_pk, found, values))


# --- Is it as it was made? -----------------------------------------------------------------


def _refuse_unless_as_made(undo: Undo, entry: AuditEntry, live: Entity) -> None:
    """Raises Conflict naming the fields that changed since: deleting the object would take them."""
    naming, made = Naming(undo.references, entry), _values_left_by(undo, entry)
    now = {n: naming.keys_now(n, value) for n, value in undo.values_of(live).items() if n in made}
    changed = sorted(
        n for n in now if not _same(now[n], made[n]) and not (now[n] in EMPTY and made[n] in EMPTY)
    )
    if changed:
        detail = f"Changed since: {', '.join(changed)}. Undo the later changes first, or delete it."
        raise Conflict(detail, fields=changed)


def _values_left_by(undo: Undo, entry: AuditEntry) -> dict[str, Any]:
    """Fields of the object as `entry` left it: those that it names, and those touched since.

    What no later entry of the object touches is as it was, except what others' entries tell of. A
    secret that was touched since counts as new: nobody can tell whether it is the same. Raises
    Conflict where that is too much to read.
    """
    naming = Naming(undo.references, entry)
    given = {**dict.fromkeys(undo.elsewhere), **afters(entry)}
    made = {name: naming.keys_at_entry(name, value) for name, value in given.items()}
    seen = set(undo.elsewhere)
    since = later_changes(entry)
    if not are_readable(since):
        raise Conflict(
            "Too much was changed since to tell whether it is as it was. Delete it instead."
        )
    for later in since.order_by("pk"):
        names = Naming(undo.references, later)
        for name in later.changes.keys() - seen:
            before = None if name in undo.secrets else befores(later)[name]
            made[name] = names.keys_at_entry(name, before)
        seen |= later.changes.keys()
    return made


# --- What is put back ----------------------------------------------------------------------


def _to_put_back(undo: Undo, entry: AuditEntry, live: Entity) -> dict[str, Any]:
    """The values from before the entry. Raises Conflict naming those that changed again since."""
    now, naming = undo.values_of(live), Naming(undo.references, entry)
    changed, values = [], {}
    for name, change in entry.changes.items():
        if name not in now:
            continue
        before, after = (naming.keys_at_entry(name, change[one]) for one in ("before", "after"))
        put_back = _put_back(naming.keys_now(name, now[name]), before, after)
        if put_back is None:
            changed.append(name)
        else:
            values[name] = put_back[0]
    if changed:
        names = ", ".join(sorted(changed))
        detail = f"Changed again since: {names}. Undo the later change first."
        raise Conflict(detail, fields=sorted(changed))
    return {name: naming.objects(name, value) for name, value in values.items()}


def _put_back(now: Any, before: Any, after: Any) -> tuple[Any] | None:
    """What `now` becomes without the change, in a tuple; None if it changed again.

    Each key of an object counts by itself: a later change of another key stays.
    """
    if not all(isinstance(one, dict) for one in (now, before, after)):
        return (before,) if _same(now, after) else None
    touched = {key for key in {*before, *after} if _differ(before, after, key)}
    if any(_differ(now, after, key) for key in touched):
        return None
    others = {key: value for key, value in now.items() if key not in touched}
    return ({**others, **{key: before[key] for key in before if key in touched}},)


def _differ(one: Mapping[str, Any], other: Mapping[str, Any], key: str) -> bool:
    return (key in one) != (key in other) or not _same(one.get(key), other.get(key))


def _same(now: Any, after: Any) -> bool:
    if isinstance(now, Sealed):
        return after in ("set", "replaced")
    return bool(json_value(now) == after) or (now is None and after == "cleared")
