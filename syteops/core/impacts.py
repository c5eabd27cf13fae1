"""What deleting or switching off an object takes away: one account for the API and for the admin.

The API answers it as `impact`; the admin asks the same function and puts it into words. So neither
can say what the other does not.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from django.db import models

from syteops.lib.text import some_of

T = TypeVar("T")

Impact = Callable[[Any], Mapping[str, Any]]
_NAMES = {
    "ai_areas": "AI areas",
    "operations": "API operations",
    "outsiders": "For people without a login",
    "stops": "What stops",
    "variables": "Automation variables",
}
"""What a name alone does not say in plain words."""
MOST_TOLD = 100
"""Of a list, whoever asks: a hundred thousand entries would tell no more, and take seconds."""


@dataclass(frozen=True)
class _Account:
    impact: Impact
    reads: Mapping[str, str]


_accounts: dict[type[models.Model], _Account] = {}


def enter_impact(model: type[models.Model], impact: Impact, reads: Mapping[str, str]) -> None:
    """Let `impact` say what goes with an object; `reads` names the resource of a part of others."""
    _accounts[model] = _Account(impact, reads)


def impact_in_words(
    model: type[models.Model], obj: Any, readable: Collection[str] | None
) -> list[tuple[str, list[str]]]:
    """What goes with the object: of what, and what. Nothing that only says which object it is, and
    of what is many how many more there are.

    `readable` are the resources of which the reader may be told; None for all.
    """
    account = _accounts.get(model)
    found = account.impact(obj) if account else {}
    told = []
    for name, value in found.items():
        of = account.reads.get(name) if account else None
        is_told = of is None or readable is None or of in readable
        if value and is_told and not _identifies(obj, name, value):
            told.append((_label(name), _texts(value)))
    return told


def _identifies(obj: Any, name: str, value: Any) -> bool:
    if isinstance(value, int):
        return name.endswith("id")
    own = (getattr(obj, one, None) for one in (name, "public_id", "slug"))
    return isinstance(value, str) and value in (*own, str(obj))


def _label(name: str) -> str:
    return _NAMES.get(name) or name.replace("_", " ").replace(" ids", " identifiers").capitalize()


def _texts(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    texts = [
        " ".join(str(part) for part in one.values() if part) if isinstance(one, dict) else str(one)
        for one in values[:MOST_TOLD]
    ]
    return some_of(texts, MOST_TOLD, how_many(values))


# --- Of very many the first ----------------------------------------------------------------------


class First(list[T]):
    """The first entries of a list, of which the others need not be read, and how many it has."""

    def __init__(self, entries: Iterable[T], total: int) -> None:
        super().__init__(entries)
        self.total = total


def how_many(entries: Collection[Any]) -> int:
    """How many there are, of which perhaps only the first are at hand."""
    return entries.total if isinstance(entries, First) else len(entries)


def counted(name: str) -> str:
    """Under which name it is told how many entries the list of that name has."""
    return f"{name}_count"


def bounded(told: Mapping[str, Any], depth: int = 2) -> dict[str, Any]:
    """What an answer tells, with MOST_TOLD entries of each list or mapping; beside one that has
    more it is told how many.

    As deep as we give names: to the values of a field of a change, and not in what these hold.
    """
    shown: dict[str, Any] = {}
    for name, value in told.items():
        shown[name] = value
        if isinstance(value, list) and how_many(value) > MOST_TOLD:
            shown |= {name: value[:MOST_TOLD], counted(name): how_many(value)}
        elif isinstance(value, dict):
            first = dict(islice(value.items(), MOST_TOLD))
            shown[name] = bounded(first, depth - 1) if depth else first
            if len(value) > MOST_TOLD:
                shown[counted(name)] = len(value)
    return shown
