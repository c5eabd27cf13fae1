"""What a change brings about beyond its own object, told before it is made.

An app watches: it looks at the site before a change and again after it, and tells the difference.
So nobody declares which change brings about what, and none can forget to: the change is made, the
watchers are asked, and it is taken back.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from syteops.core.actors import Actor
from syteops.core.entities import Entity
from syteops.core.errors import DomainError
from syteops.core.trials import trial


@dataclass(frozen=True)
class Consequence:
    """As answers of the API hold it, and in words: texts, each perhaps with a list of its own."""

    data: dict[str, Any]
    words: list[Any] = field(default_factory=list)


Tell = Callable[[], Consequence | None]
Watch = Callable[[Actor], Tell | None]
Relies = Callable[[Actor, Entity], str]


@dataclass(frozen=True)
class Watcher:
    """Under which name an answer tells the consequence, its JSON Schema, and who watches.

    `watch` is called before the change; what it answers, after it. None where the actor may not be
    told. `relies` tells in words who relies on an object as it is, "" where nobody could.
    """

    name: str
    schema: dict[str, Any]
    watch: Watch
    relies: Relies


_watchers: list[Watcher] = []


def enter(watcher: Watcher) -> None:
    """Ask this one, too, whenever consequences are to be told."""
    _watchers.append(watcher)


def schemas() -> dict[str, dict[str, Any]]:
    """The JSON Schema of each consequence that there can be, by name."""
    return {one.name: one.schema for one in _watchers}


Consequences = dict[str, Consequence]


def watch(actor: Actor) -> Callable[[], Consequences]:
    """Call it before a change; what it answers, after it: the consequences by name."""
    tells = _tells(actor)
    return lambda: _told(tells)


def foresee(actor: Actor, change: Callable[[], object]) -> Consequences:
    """What `change` would bring about; none where it would be refused."""
    tells = _tells(actor)
    with suppress(DomainError), trial():
        if tells:  # else the actor may be told nothing, and it need not be tried
            change()
        return _told(tells)
    return {}


def who_relies(actor: Actor, obj: Entity) -> list[str]:
    """Who would notice a change of the object, in words: for the page on which it is changed."""
    return [told for one in _watchers if (told := one.relies(actor, obj))]


def _tells(actor: Actor) -> dict[str, Tell]:
    return {one.name: tell for one in _watchers if (tell := one.watch(actor))}


def _told(tells: dict[str, Tell]) -> Consequences:
    return {name: found for name, tell in tells.items() if (found := tell())}


def data_of(found: Consequences) -> dict[str, Any]:
    """As a part of an answer."""
    return {name: one.data for name, one in found.items()}


def words_of(found: Consequences) -> list[Any]:
    """As a list for people, in the form of Django's `unordered_list`."""
    return [line for one in found.values() for line in one.words]
