"""Events as forms offer them: chosen by what people call them."""

from collections.abc import Iterable
from typing import Any

from django.utils.text import capfirst

from syteops.core.events import Verb
from syteops.events.catalogue import EVERYTHING, Kind, all_kinds

CHOOSING = "Type to search. You can choose what you may read."
_WORDS = {
    Verb.CREATED: "added",
    Verb.UPDATED: "changed",
    Verb.SECRET_SET: "secret stored",
    Verb.SECRET_CLEARED: "secret cleared",
}


def event_choices(stored: Iterable[str] = ()) -> list[Any]:
    """Every event, in groups by what it is about; and what is stored, whatever it is."""
    groups = [_group(one) for one in all_kinds().values()]
    known = {value for _, choices in groups for value, _ in choices}
    lost = [(one, one) for one in stored if one not in known and one != EVERYTHING]
    return [(EVERYTHING, "Everything that happens"), *lost, *groups]


def _group(kind: Kind) -> tuple[str, list[tuple[str, str]]]:
    name = capfirst(kind.name)
    each = [(f"{kind.noun}.{verb}", f"{name}: {_in_words(verb)}") for verb in kind.verbs]
    return name, [(kind.pattern, f"{name}: everything"), *each]


def _in_words(verb: Verb) -> str:
    return _WORDS.get(verb, verb.replace("_", " "))
