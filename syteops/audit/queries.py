"""Reading the audit trail."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import BigIntegerField, Max, Q, QuerySet, Sum, TextField
from django.db.models.functions import Cast, Length

from syteops.audit.models import AuditChain, AuditEntry, Outcome
from syteops.core import reading
from syteops.core.actors import ActorKind
from syteops.core.entities import Entity
from syteops.core.errors import NotFound
from syteops.core.events import Noun, Verb
from syteops.core.locks import snapshot

_MEASURED = 50  # entries whose length is asked for at once


def fitting(entry_ids: Sequence[int | None], beside: Sequence[int] = ()) -> int:
    """How many of the first of these entries have MOST_READ characters of changes together.

    The first one counts, whatever it has; so does what is no entry. `beside` are the characters
    that are read with each, where there are any.
    """
    together = 0
    for start in range(0, len(entry_ids), _MEASURED):
        some = entry_ids[start : start + _MEASURED]
        found = AuditEntry.objects.filter(pk__in=[one for one in some if one])
        lengths = dict(found.values_list("pk", Length(Cast("changes", TextField()))))
        for at, one in enumerate(some, start):
            together += (lengths.get(one or 0) or 0) + (beside[at] if beside else 0)
            if together > reading.MOST_READ:
                return max(at, 1)
    return len(entry_ids)


def read_many(found: QuerySet[AuditEntry]) -> list[AuditEntry]:
    """These entries; of those behind MOST_READ characters of changes all but these. Two queries."""
    size = Length(Cast("changes", TextField()))
    entries: list[Any] = list(found.defer("changes").annotate(size=size))
    fitting = reading.how_many_fit(one.size for one in entries)
    keys = [one.pk for one in entries[:fitting]]
    changes = dict(AuditEntry.objects.filter(pk__in=keys).values_list("pk", "changes"))
    for one in entries:
        one.changes, one.changes_left_out = changes.get(one.pk, {}), one.pk not in changes
    return entries


def are_readable(found: QuerySet[AuditEntry]) -> bool:
    """Whether all of these have MOST_READ characters of changes together, at most."""
    sizes = found.aggregate(together=Sum(Length(Cast("changes", TextField()))))
    return (sizes["together"] or 0) <= reading.MOST_READ


def entries_of(instance: Entity) -> QuerySet[AuditEntry]:
    """What happened to one object in its whole life, whatever its number was; newest first."""
    about = AuditEntry.objects.filter(object_resource=instance.resource, object_pk=str(instance.pk))
    return about.filter(outcome=Outcome.CHANGED)


def changes_of_each(model: type[Entity], public_ids: Collection[str]) -> QuerySet[AuditEntry]:
    """What happened to the objects of that kind with these public ids, all together."""
    about = AuditEntry.objects.filter(object_resource=model.resource, object_id__in=public_ids)
    return about.filter(outcome=Outcome.CHANGED)


def entries_about(resource: str, object_id: str) -> QuerySet[AuditEntry]:
    """What happened to the object of that resource and id, newest first."""
    return AuditEntry.objects.filter(object_resource=resource, object_id=object_id)


def refusals_on(
    instance: Entity, object_ids: Collection[str], names: Collection[str]
) -> QuerySet[AuditEntry]:
    """Refused attempts on one object, and those that tell no object but such an id and a name."""
    refused = AuditEntry.objects.filter(object_resource=instance.resource, outcome=Outcome.REFUSED)
    guessed = Q(object_pk="", object_id__in=object_ids, object_label__in=names)
    return refused.filter(Q(object_pk=str(instance.pk)) | guessed)


def later_changes(entry: AuditEntry) -> QuerySet[AuditEntry]:
    """What was changed since of the object of `entry`."""
    noun = entry.event.partition(".")[0]  # a resource may have several kinds of objects
    same = AuditEntry.objects.filter(event__startswith=f"{noun}.", object_pk=entry.object_pk)
    return same.filter(
        object_resource=entry.object_resource, outcome=Outcome.CHANGED, pk__gt=entry.pk
    )


def changes_on(resource: str, since: datetime) -> QuerySet[AuditEntry]:
    """What was changed of that resource from `since` on."""
    changes = AuditEntry.objects.filter(outcome=Outcome.CHANGED, at__gte=since)
    return changes.filter(object_resource=resource)


def changes_since(model: type[Entity], since: datetime) -> QuerySet[AuditEntry]:
    """The changes of that kind of object from `since` on."""
    return changes_on(model.resource, since).filter(event__startswith=f"{model.noun}.")


def keys_changed_since(model: type[Entity], since: datetime) -> "QuerySet[AuditEntry, Any]":
    """The primary keys of the objects of that kind that were changed from `since` on."""
    changes = changes_since(model, since).exclude(object_pk="").order_by()
    return changes.values_list(Cast("object_pk", BigIntegerField()), flat=True)


def keys_of_changed(model: type[Entity], since: datetime, names: Collection[str]) -> set[int]:
    """The primary keys of those of which one of the columns `names` was changed."""
    changes = changes_since(model, since).exclude(object_pk="").order_by()
    rows: Any = changes.values_list("object_pk", "changes").iterator()
    with snapshot():  # there may be very many
        return {int(pk) for pk, changed in rows if not changed.keys().isdisjoint(names)}


def trail_begins() -> datetime | None:
    """Since when every entry is kept; None if none was ever removed.

    Some were, also, where the site was put back to a backup: those of what happened since.
    """
    chain = AuditChain.objects.first()
    restored = AuditEntry.objects.filter(event=f"{Noun.AUDIT}.{Verb.RESTORED}").order_by("-id")
    moments = (chain and chain.cut_at, restored.values_list("at", flat=True).first())
    return max((one for one in moments if one), default=None)


def latest_changes() -> QuerySet[AuditEntry]:
    """The entries of the whole site, the newest first."""
    return AuditEntry.objects.all()


def matching(filters: Mapping[str, Any]) -> QuerySet[AuditEntry]:
    """The entries that fit every filter given: `actor` and those of `_LOOKUPS`."""
    wanted = {lookup: filters[name] for name, lookup in _LOOKUPS.items() if filters.get(name)}
    found = AuditEntry.objects.filter(**wanted)
    return found.filter(is_actor(filters["actor"])) if filters.get("actor") else found


_LOOKUPS = {
    "resource": "object_resource",
    "object": "object_id",
    "event": "event",
    "outcome": "outcome",
    "door": "door",
    "since": "at__gte",
    "until": "at__lt",
}


def is_actor(actor: str) -> Q:
    """Whose id or label that is; also a key's name, which its label tells with the key's hint.

    Of a client only the id counts: it signs with any name, also with a person's. Alternatives that
    nothing fits are left out: without them, most often one is left, which an index has in order.
    """
    with_hint = rf"^{re.escape(actor)} \([^()]*\)$"
    is_key = Q(actor_kind=ActorKind.KEY, actor_label__regex=with_hint)
    is_named = Q(actor_label_folded=actor, actor_label=actor) & ~Q(actor_kind=ActorKind.CLIENT)
    of_keys = (Q(actor_label_folded=label) & is_key for label in _labels_from(f"{actor} ("))
    ways, entries = (Q(actor_id=actor), is_named, *of_keys), AuditEntry.objects.order_by()
    return reduce(or_, (one for one in ways if entries.filter(one).exists()), Q(pk__in=()))


def _labels_from(beginning: str) -> Iterator[str]:
    """The labels, folded, that begin so. From one to the next is one look into an index."""
    end = beginning[:-1] + chr(ord(beginning[-1]) + 1)
    labels = AuditEntry.objects.filter(actor_label_folded__lt=end).order_by("actor_label_folded")
    label: str | None = beginning
    while (
        label := labels.filter(actor_label_folded__gt=label)
        .values_list("actor_label_folded", flat=True)
        .first()
    ):
        yield label


def latest_actors(among: QuerySet[AuditEntry], count: int) -> list[tuple[str, str, str]]:
    """Kind, id and label of those who acted last in the entries `among`, most recent first."""
    kinds = among.order_by().values("actor_kind", "actor_id")
    newest = kinds.annotate(newest=Max("id")).order_by("-newest").values_list("newest", flat=True)
    found = AuditEntry.objects.filter(pk__in=list(newest[:count]))
    return list(found.values_list("actor_kind", "actor_id", "actor_label"))


def resources(among: QuerySet[AuditEntry]) -> list[str]:
    """The resources of which there are entries `among` these, in order."""
    names = among.exclude(object_resource="").order_by("object_resource")
    return list(names.values_list("object_resource", flat=True).distinct())


def get_entry(entry_id: str, among: QuerySet[AuditEntry] | None = None) -> AuditEntry:
    """The entry with that id, of those `among` which it is looked for. Raises NotFound."""
    found = AuditEntry.objects.all() if among is None else among
    entry = found.filter(pk=entry_id).first() if _ID.fullmatch(entry_id) else None
    if entry is None:
        raise NotFound(f"There is no audit entry {entry_id}.")
    return entry


_ID = re.compile(r"[1-9][0-9]{0,17}")
