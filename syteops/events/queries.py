"""Reading the event feed."""

from collections.abc import Collection

from django.db.models import Q, QuerySet

from syteops.core.events import Noun, Verb
from syteops.events.models import Event, Stream

VARIABLES_CHANGED = f"{Noun.VARIABLES}.{Verb.CHANGED}"


def feed(resources: Collection[str] | None) -> QuerySet[Event]:
    """The events of those resources (None: of all), oldest first, with what they tell."""
    found = Event.objects.select_related("entry")
    return found if resources is None else found.filter(resource__in=resources)


def of_types(found: QuerySet[Event], patterns: Collection[str]) -> QuerySet[Event]:
    """Those of `found` that one of the patterns names: a type, or `<noun>.*`."""
    return found.filter(names_type(patterns))


def names_type(patterns: Collection[str], field: str = "type") -> Q:
    """Whether one of the patterns names the type that is in `field`."""
    wanted = Q()
    for one in patterns:
        is_kind = one.endswith(".*")
        wanted |= Q((f"{field}__startswith", one[:-1])) if is_kind else Q((field, one))
    return wanted


def fits(event_type: str, patterns: Collection[str]) -> bool:
    """Whether one of the patterns names the type; `*` names all."""
    noun = event_type.partition(".")[0]
    return not {"*", event_type, f"{noun}.*"}.isdisjoint(patterns)


def removed_variables() -> set[str]:
    """The names of variables that went, as far back as events are kept; some may be back."""
    told = Event.objects.filter(type=VARIABLES_CHANGED).only("data")
    return {name for one in told.iterator() for name in one.data["removed"]}


def newest_id() -> int:
    """The id of the newest event; 0 before the first."""
    return Stream.objects.values_list("last_event", flat=True).first() or 0


def first_kept_id() -> int:
    """The id of the oldest event that is kept, or of the next one where none is."""
    oldest = Event.objects.values_list("id", flat=True).first()
    return oldest if oldest is not None else newest_id() + 1
