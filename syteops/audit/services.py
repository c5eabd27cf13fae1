"""The one place that stores a change: the row, and the audit entry beside it.

Every service of every entity app saves through `insert`, `update` and `remove`, inside its own
transaction, so a change without an entry cannot be stored, nor an entry without its change.
"""

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db import connection, transaction
from django.utils import timezone

from syteops.audit import chain
from syteops.audit.event_types import event_types
from syteops.audit.models import AuditEntry, Outcome
from syteops.audit.retention import cut_off, old_end
from syteops.audit.snapshots import EMPTY, describe_change, difference, snapshot
from syteops.audit.stored import Link
from syteops.core.actors import Actor, Change
from syteops.core.background import after_answers
from syteops.core.encryption import UnsealError, open_sealed, seal
from syteops.core.entities import Entity, Numbered
from syteops.core.errors import Invalid, field_errors
from syteops.core.events import Noun, Verb
from syteops.core.folding import folded_fields
from syteops.core.prepared import insert_row, insert_rows, update_row
from syteops.core.trials import Touched, is_recorded, is_trial, note_touched
from syteops.lib.text import cut, to_line
from syteops.lib.urls import moved

E = TypeVar("E", bound=Entity)
Values = Mapping[str, Any]
Changes = Mapping[str, tuple[Any, Any]]


# Within the transaction of the service that calls it: a savepoint of its own would only cost time.
@transaction.atomic(savepoint=False)
def insert(actor: Actor, instance: Entity, event: Verb = Verb.CREATED, **also: Any) -> None:
    """Store a new object and record it. Raises Invalid for wrong values.

    `also` are values of the object that live in other tables, for the audit entry. What needs a
    number gets the lowest free one. Raises LimitReached.
    """
    _clean(instance)
    if isinstance(instance, Numbered) and instance.number is None and not instance.deleted_at:
        instance.number = instance.free_number()  # last: until it is stored, others wait
    if instance.pk is None:
        insert_row(instance)
    else:
        instance.save(force_insert=True)
    after = {**snapshot(instance), **also}
    record(actor, instance, event, {n: (None, v) for n, v in after.items() if v not in EMPTY})


@transaction.atomic(savepoint=False)
def update(
    actor: Actor,
    instance: Entity,
    values: Values,
    event: Verb = Verb.UPDATED,
    also: Changes | None = None,
) -> bool:
    """Store the fields of `values` that differ, and record them; True when anything changed.

    Only those columns are written, so a concurrent change of another field survives. `also` are
    further values that changed in other tables: name → (before, after). A credential that was
    entered for another origin than its address has now is cleared. Raises Invalid.
    """
    changes = _assign(instance, values, also)
    if not changes:
        return False
    _clean(instance, only=set(values))
    _store_columns(instance, values)
    record(actor, instance, event, changes)
    for credential, address in instance.credential_addresses.items():
        if credential not in values and address in changes and moved(*changes[address]):
            set_secret(actor, instance, credential, None)
    return True


@transaction.atomic
def remove(actor: Actor, instance: Entity, event: Verb = Verb.DELETED, **also: Any) -> None:
    """Delete the row for good and record what it held."""
    made_at = {n: getattr(instance, n).isoformat() for n in _columns_set_on_creation(instance)}
    before = {**snapshot(instance), **made_at, **also}
    record(actor, instance, event, {n: (v, None) for n, v in before.items() if v not in EMPTY})
    instance.delete()


@transaction.atomic
def erase(actor: Actor, instance: Entity, public_id: str, changes: Changes) -> None:
    """Delete the row for good, and record that without a value: `changes` say how much went.

    What earlier entries hold of it is for `erasing.erase_values`.
    """
    _note_touched(instance)
    event = f"{instance.noun}.{Verb.ERASED}"
    entry = _entry(actor, event, instance.resource, public_id, "")
    entry.object_pk = str(instance.pk)
    _store_change(actor, entry, changes)
    instance.delete()


@transaction.atomic
def reinsert(actor: Actor, instance: Entity, **also: Any) -> None:
    """Store an object again that was removed, with the primary key it had, as "restored".

    `instance` holds its columns again, also when it was made first. Raises Invalid.
    """
    names = _columns_set_on_creation(instance)
    made_at = {name: value for name in names if (value := getattr(instance, name))}
    insert(actor, instance, Verb.RESTORED, **also)
    if made_at:
        type(instance)._base_manager.filter(pk=instance.pk).update(**made_at)


@transaction.atomic
def delete_softly(
    actor: Actor,
    instance: Numbered,
    also: Changes | None = None,
    **cleared: Any,
) -> None:
    """Free the number and mark the row as deleted, with the fields in `cleared` changed too."""
    public_id = instance.slot
    values = {"number": None, "deleted_at": timezone.now(), **cleared}
    changes = _assign(instance, values, also)
    _store_columns(instance, values)
    record(actor, instance, Verb.DELETED, changes, object_id=public_id)


def set_secret(actor: Actor, instance: Entity, field: str, text: str | None) -> bool:
    """Seal `text` into an encrypted field (None clears it); True when anything changed.

    Stamps `<field>_set_at`. The audit entry says "set", "replaced" or "cleared", nothing more.
    """
    if text == read_secret(instance, field):
        return False
    sealed = None if text is None else seal(instance, field, text)
    stamp = None if text is None else timezone.now()
    event = Verb.SECRET_CLEARED if text is None else Verb.SECRET_SET
    return update(actor, instance, {field: sealed, f"{field}_set_at": stamp}, event)


@transaction.atomic
def set_secrets(actor: Actor, instance: E, **texts: str) -> E:
    """Store each text, sealed, in the encrypted field of that name."""
    for name, text in texts.items():
        set_secret(actor, instance, name, text)
    return instance


@transaction.atomic
def clear_secrets(actor: Actor, instance: E, *names: str) -> E:
    """Forget the secrets in the encrypted fields named."""
    for name in names:
        set_secret(actor, instance, name, None)
    return instance


def read_secret(instance: Entity, field: str) -> str | None:
    """The secret, for comparison only: "" for one that does not open, None where there is none."""
    try:
        return open_sealed(instance, field)
    except UnsealError:
        return ""  # unreadable: neither absent nor equal to any secret, so it can be replaced


def record(
    actor: Actor,
    instance: Entity,
    event: Verb,
    changes: Changes,
    object_id: str | None = None,
) -> None:
    """Write the audit entry of one change. Call inside the transaction of that change."""
    _note_touched(instance, changes)
    object_id = instance.public_id if object_id is None else object_id
    entry = _entry(actor, f"{instance.noun}.{event}", instance.resource, object_id, str(instance))
    entry.object_pk = str(instance.pk)
    _store_change(actor, entry, changes)


def record_each(
    actor: Actor, changed: Iterable[tuple[Entity, Changes]], verb: Verb = Verb.UPDATED
) -> None:
    """As `record` of many objects, in one statement."""
    entries = []
    for one, changes in changed:
        _note_touched(one, changes)
        if not is_recorded():
            continue
        event = f"{one.noun}.{verb}"
        entry = _entry(actor, event, one.resource, one.public_id, str(one))
        entry.object_pk = str(one.pk)
        _describe(entry, changes)
        entries.append(entry)
    if entries or not is_recorded():
        _store(*entries)
    actor.trail.extend(map(_change_of, entries))


def _note_touched(instance: Entity, names: Iterable[str] = ()) -> None:
    if is_trial():
        note_touched(Touched(type(instance), instance.resource, instance.pk, frozenset(names)))


def record_about(
    actor: Actor,
    noun: Noun,
    verb: Verb,
    about: tuple[str, str, str],
    changes: Changes | None = None,
    pk: str = "",
) -> None:
    """Write the audit entry of a change to something that is no Entity, such as a person.

    `about` is its resource, id and label; `pk` the primary key of what can be put back. Call inside
    the transaction of that change.
    """
    entry = _entry(actor, f"{noun}.{verb}", *about)
    entry.object_pk = pk
    _store_change(actor, entry, changes or {})


def _store_change(actor: Actor, entry: AuditEntry, changes: Changes) -> None:
    _describe(entry, changes)
    _store(entry)
    actor.trail.append(_change_of(entry))


def _describe(entry: AuditEntry, changes: Changes) -> None:
    if entry.event not in event_types():
        raise ImproperlyConfigured(f"{entry.event} is not declared: see `verbs` of its model.")
    entry.changes = {n: describe_change(before, after) for n, (before, after) in changes.items()}


def _change_of(entry: AuditEntry) -> Change:
    return Change(entry.event, entry.object_resource, entry.object_id, entry.changes)


def record_refusal(
    actor: Actor,
    resource: str,
    object_id: str,
    code: str,
    *,
    label: str = "",
    pk: str = "",
    noun: str = "",
    verb: Verb = Verb.REFUSED,
) -> None:
    """Write the audit entry of an attempt that was refused with `code`.

    `pk` is the primary key of the object, where the caller knows the object. The event is
    "<resource>.refused" unless `noun` or `verb` says otherwise. While the chain is
    broken nothing is written; that is no reason to answer a stranger otherwise.
    """
    # What was asked for may not be validated yet: no stranger has the trail read otherwise.
    about = resource, to_line(object_id), label
    entry = _entry(actor, f"{noun or resource}.{verb}", *about)
    entry.object_pk = pk
    entry.outcome = Outcome.REFUSED
    entry.code = code
    with suppress(chain.TrailBroken):
        _store(entry)


def prune(actor: Actor) -> int:
    """Remove the entries older than AUDIT_RETENTION_DAYS, from the oldest end only; how many.

    That, too, is an entry. With 0 days everything is kept. Very many go in several transactions.
    Raises BrokenChain.
    """
    days = settings.AUDIT_RETENTION_DAYS
    moment = timezone.now() - timedelta(days=days)
    total = 0
    while days and (end := old_end(moment)) and (count := _cut_off(actor, end, moment)):
        total += count
    return total


@transaction.atomic
def _cut_off(actor: Actor, end: Link, moment: datetime) -> int:
    count = cut_off(end)
    if count:
        cut = {"entries_removed": (None, count), "older_than": (None, moment.isoformat())}
        record_about(actor, Noun.AUDIT, Verb.PRUNED, (AuditEntry.resource, "", ""), cut)
    return count


def _store(*entries: AuditEntry) -> None:
    """Write entries with their MACs; the chain takes them in once the transaction has committed.

    Raises TrailBroken where the chain would not: no change is stored without a record.
    """
    if not is_recorded():
        chain.require_intact()  # else it would be refused
        return
    # Once for the whole transaction: one of many changes has as many entries.
    is_first = all(hook[1] is not _seal for hook in connection.run_on_commit)
    if is_first:
        chain.require_intact()
    for entry in entries:
        entry.mac = chain.sign_entry(entry)
    if len(entries) == 1:
        insert_row(*entries)
    else:
        insert_rows(entries)
    if is_first:
        transaction.on_commit(_seal, robust=True)


def _seal() -> None:
    """Each sealing is a transaction of its own: in a server process it is one for many writes."""
    after_answers(chain.seal_pending)


def _entry(actor: Actor, event: str, resource: str, object_id: str, label: str) -> AuditEntry:
    return AuditEntry(
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_label=cut(actor.label, 200),
        door=actor.door,
        operation=actor.operation,
        event=event,
        object_resource=resource,
        object_id=object_id[:200],
        object_label=cut(label, 200),
        request_id=actor.request_id,
        address=actor.address,
    )


def _assign(
    instance: Entity,
    values: Values,
    also: Changes | None,
) -> dict[str, tuple[Any, Any]]:
    """Set those columns; what differs, as the trail keeps it, and what differs of `also`."""
    before = snapshot(instance, only=values)
    for name, value in values.items():
        setattr(instance, name, value)
    changes = difference(before, snapshot(instance, only=values))
    return changes | {n: change for n, change in (also or {}).items() if change[0] != change[1]}


def _columns_set_on_creation(instance: Entity) -> list[str]:
    """The columns that tell when the object was made, which no snapshot shows."""
    return [f.name for f in instance._meta.fields if getattr(f, "auto_now_add", False)]


def _store_columns(instance: Entity, names: Collection[str]) -> None:
    update_row(instance, _columns_stored(instance, names))


def _columns_stored(instance: Entity, names: Collection[str]) -> set[str]:
    """Those columns, those made of them, and those that tell when, such as `updated_at`."""
    folded = {one.name for one in folded_fields(instance, names)}
    stamps = {f.name for f in instance._meta.fields if getattr(f, "auto_now", False)}
    return {*names, *folded, *stamps}


def _clean(instance: Entity, only: set[str] | None = None) -> None:
    """Full validation, of the fields in `only` where given. Raises Invalid."""
    names = {field.name for field in instance._meta.fields}
    if only is not None:
        names = only | {one.name for one in folded_fields(instance, only)}  # for what is unique
    exclude = {f.name for f in instance._meta.fields} - names | instance.unvalidated
    try:
        instance.full_clean(exclude=exclude)
    except ValidationError as error:
        raise Invalid(field_errors(error)) from error
