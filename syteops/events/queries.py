"""Reading the event feed."""

from collections.abc import Collection
from typing import Any

from django.db.models import Q, QuerySet, TextField, Value
from django.db.models.functions import Cast, Concat, Length, StrIndex, Substr
from django.db.models.lookups import In

from syteops.audit import queries as trail
from syteops.core.events import Noun, Verb
from syteops.events.catalogue import EVERYTHING
from syteops.events.models import Event, Stream

MOST_AT_ONCE = 200
_MOST_BEGINNINGS = 20
"""Kinds whose types an index is asked for; each of more would be compared with each row."""
_FEW = 20  # events that may be long, read from the database at once

VARIABLES_CHANGED = f"{Noun.VARIABLES}.{Verb.CHANGED}"


def feed(resources: Collection[str] | None) -> QuerySet[Event]:
    """The events of those resources (None: of all), oldest first, with what they tell."""
    found = Event.objects.select_related("entry")
    return found if resources is None else found.filter(resource__in=resources)


def of_types(found: QuerySet[Event], patterns: Collection[str]) -> QuerySet[Event]:
    """Those of `found` that one of the patterns names: a type, or `<noun>.*`."""
    return found.filter(names_type(patterns))


def names_type(patterns: Collection[str], field: str = "type") -> Q:
    """Whether one of the patterns names the type that is in `field`; as `fits` says it."""
    if EVERYTHING in patterns:
        return Q()
    # SQLite would find a beginning in capitals, too; no type has any.
    kinds = {one for one in patterns if one.endswith(".*") and one == one.lower()}
    wanted = Q((f"{field}__in", sorted({*patterns} - kinds)))
    if len(kinds) > _MOST_BEGINNINGS:
        return wanted | Q(In(_noun_of(field), sorted(one[:-2] for one in kinds)))
    for one in sorted(kinds):
        wanted |= Q((f"{field}__startswith", one[:-1]))
    return wanted


def _noun_of(field: str) -> Substr:
    return Substr(field, 1, StrIndex(Concat(field, Value(".")), Value(".")) - 1)


def fits(event_type: str, patterns: Collection[str]) -> bool:
    """Whether one of the patterns names the type; `*` names all."""
    noun = event_type.partition(".")[0]
    return not {EVERYTHING, event_type, f"{noun}.*"}.isdisjoint(patterns)


MOST_REMOVED = 100_000


def removed_variables() -> set[str]:
    """The names of variables that went, as far back as events are kept; some may be back.

    The latest of them, about MOST_REMOVED: one key can have thousands go in a minute.
    """
    told = Event.objects.filter(type=VARIABLES_CHANGED).annotate(text=Cast("data", TextField()))
    # Of the others, each of which may name every variable, nothing is read.
    told = told.exclude(text__contains='"removed": []').only("data")
    names: set[str] = set()
    for one in told.order_by("-pk").iterator(chunk_size=_FEW):
        names.update(one.data["removed"])
        if len(names) >= MOST_REMOVED:
            break
    return names


def fitting(events: QuerySet[Any], most: int, event: str = "") -> tuple[int, bool]:
    """How many of the first `most` can be read at once, with what they tell, and whether there are
    more. `event` leads to an event from each. One that names all variables may be a long one."""
    told = list(events.values_list(f"{event}entry", Length(f"{event}data"))[: most + 1])
    count = trail.fitting([one for one, _ in told[:most]], [size for _, size in told[:most]])
    return count, len(told) > count


def newest_id() -> int:
    """The id of the newest event; 0 before the first."""
    return Stream.objects.values_list("last_event", flat=True).first() or 0


def name_of(event_id: int) -> str:
    """What tells the event from one that had this id before the site was put back to a backup."""
    uid = Event.objects.filter(pk=event_id).values_list("uid", flat=True).first()
    return uid.hex[:12] if uid else ""


def events_behind(place: int) -> list[Event]:
    """The first events behind that id, oldest first, without what they tell."""
    found = Event.objects.only("id", "type", "resource", "object_id", "at")
    return list(found.filter(id__gt=place).order_by("id")[:MOST_AT_ONCE])


def first_kept_id() -> int:
    """The id of the oldest event that is kept, or of the next one where none is."""
    oldest = Event.objects.values_list("id", flat=True).first()
    return oldest if oldest is not None else newest_id() + 1
