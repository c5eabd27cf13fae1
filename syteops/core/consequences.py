"""What a change brings about beyond its own object, told before it is made.

An app watches: it looks at the site after a change and again without it, and tells the difference.
So nobody declares which change brings about what, and none can forget to: the change is made, the
watchers look, and it is taken back. In this order, so that a change that is refused costs no look.
"""

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from syteops.core.actors import Actor
from syteops.core.entities import Entity
from syteops.core.errors import DomainError
from syteops.core.impacts import bounded
from syteops.core.trials import Touched, touched, trial


@dataclass(frozen=True)
class Consequence:
    """As answers of the API hold it, and in words: texts, each perhaps with a list of its own."""

    data: dict[str, Any]
    words: list[Any] = field(default_factory=list)


@dataclass(frozen=True)
class Watcher:
    """Under which name an answer tells the consequence, its JSON Schema, and who watches.

    `may_tell`: whether the actor may be told anything. `look` answers what there is now, as far as
    it may follow from the objects that were touched, and `tell` what differs between two looks, the
    one without the change first. `relies` tells in words who relies on an object as it is, "" where
    nobody could.
    """

    name: str
    schema: dict[str, Any]
    may_tell: Callable[[Actor], bool]
    look: Callable[[Collection[Touched]], Any]
    tell: Callable[[Actor, Any, Any], Consequence | None]
    relies: Callable[[Actor, Entity], str]


_watchers: list[Watcher] = []


def enter(watcher: Watcher) -> None:
    """Ask this one, too, whenever consequences are to be told."""
    _watchers.append(watcher)


def schemas() -> dict[str, dict[str, Any]]:
    """The JSON Schema of each consequence that there can be, by name."""
    return {one.name: one.schema for one in _watchers}


Consequences = dict[str, Consequence]


class Watch:
    """The watchers who may tell the actor what one change brings about. Begin it before that."""

    def __init__(self, actor: Actor) -> None:
        self._actor = actor
        self._watchers = [one for one in _watchers if one.may_tell(actor)]
        self._touched: list[Touched] = []
        self._seen: list[Any] = []

    def __bool__(self) -> bool:
        """Whether anybody watches."""
        return bool(self._watchers)

    def look(self) -> None:
        """Call it when the change is made, in its trial."""
        self._touched = touched()
        self._seen = [one.look(self._touched) for one in self._watchers]

    def tell(self) -> Consequences:
        """Call it when the change is taken back: the consequences by name."""
        seen = zip(self._watchers, self._seen, strict=True)
        told = {
            one.name: one.tell(self._actor, one.look(self._touched), after) for one, after in seen
        }
        return {name: found for name, found in told.items() if found}


def foresee(actor: Actor, change: Callable[[], object]) -> Consequences:
    """What `change` would bring about; none where it would be refused."""
    watch = Watch(actor)
    if watch:  # else the actor may be told nothing, and it need not be tried
        with suppress(DomainError):
            with trial(recorded=False):
                change()
                watch.look()
            return watch.tell()
    return {}


def who_relies(actor: Actor, obj: Entity) -> list[str]:
    """Who would notice a change of the object, in words: for the page on which it is changed."""
    return [told for one in _watchers if (told := one.relies(actor, obj))]


def data_of(found: Consequences) -> dict[str, Any]:
    """As a part of an answer."""
    return {name: bounded(one.data) for name, one in found.items()}


def words_of(found: Consequences) -> list[Any]:
    """As a list for people, in the form of Django's `unordered_list`."""
    return [line for one in found.values() for line in one.words]
