"""Where automation variables come from: functions that derive them from the entities.

An app's `variables.py` marks such functions with `@family`; they are found by autodiscovery and run
when the catalogue is read, so it cannot go stale.
"""

import re
import sys
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache, reduce
from inspect import signature
from itertools import islice
from operator import or_
from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet

import syteops.core.among  # noqa: F401 - the look-up of that name
from syteops.core.entities import Entity, Numbered
from syteops.core.modules import contribution, module_of
from syteops.core.prepared import Prepared
from syteops.core.trials import Touched

Owner = tuple[str, str]
"""An object: its resource and its public id."""


@dataclass(slots=True)  # frozen, each takes four times as long to make, and there are 300,000
class Variable:
    """One automation variable. A blank value means that it does not exist.

    `of` are the objects that it tells of, so that it may change with them. Only a family that can
    be asked about an object has such ones.
    """

    name: str
    value: str
    description: str
    source: str = ""
    writable: bool = False
    of: tuple[Owner, ...] = ()

    @property
    def key(self) -> str:
        """By what a derived one is read: its name."""
        return self.name


def owner(entity: Entity) -> Owner:
    """As `of` holds it."""
    return entity.resource, str(entity.public_id)


Derive = Callable[..., Iterable[Variable]]
Having = Callable[[str], "QuerySet[Any, Any]"]
"""Of which objects a variable may have a folded text in its name, value or description: their
primary keys, in the order in which the family derives; rather too many than too few."""


@dataclass(frozen=True)
class Family:
    """A function that derives variables, the source it names, and the module it belongs to.

    One that takes `about` can be asked for the variables that may tell of some objects. What any
    other derives tells of its module as a whole.
    """

    source: str
    pattern: str
    description: str
    derive: Derive
    module: str
    numbered: type[Numbered] | None = None
    """What has the number that stands in a name for NNN."""
    having: tuple[type[Model], Having] | None = None
    """How the family finds a text without deriving everything, and objects of which model."""

    def searched(self, text: str) -> Iterator[Variable]:
        """All that may have the folded text, in their order; perhaps others, too."""
        if self.having is None:
            yield from self.derive()
            return
        model, find = self.having
        resource, keys = getattr(model, "resource", ""), list(find(text))
        for start in range(0, len(keys), PIECE):  # who wants the first only asks for no others
            piece = keys[start : start + PIECE]
            yield from self.derive(about=[Touched(model, resource, pk) for pk in piece])

    def numbered_in(self, text: str) -> Numbered | None:
        """The object whose number is where the names of this family have it; for what begins so."""
        if self.numbered is None:
            return None
        beginning = re.escape(self.pattern.partition("NNN")[0])
        found = re.match(f"{beginning}([0-9]{{3,9}})", text)
        return self.numbered._default_manager.filter(number=found[1]).first() if found else None

    @property
    def takes_objects(self) -> bool:
        """Whether it can be asked about one object."""
        return "about" in signature(self.derive).parameters

    def about(self, obj: Entity) -> list[Variable]:
        """Those that may change with the object: those of it, or else of its whole module."""
        touched = Touched(type(obj), obj.resource, obj.pk)
        is_mine = self._has(type(obj))
        found = self.around([touched])
        return [one for one in found if owner(obj) in one.of or (is_mine and not one.of)]

    def around(self, objects: Collection[Touched]) -> Iterable[Variable]:
        """All that may change with one of the objects, and perhaps others of the family."""
        if not self.takes_objects:
            return self.derive() if any(map(self._has, {one.model for one in objects})) else ()
        return self.derive(about=objects)

    def _has(self, model: type[Model]) -> bool:
        """Whether the model is one of the family's own module."""
        return self.module != "" and self.module == module_of(model.__module__)


_families: list[Family] = []


def family(
    source: str,
    pattern: str,
    description: str,
    numbered: type[Numbered] | None = None,
    having: tuple[type[Model], Having] | None = None,
) -> Callable[[Derive], Derive]:
    """Enter a function as a source of variables. `pattern` is what the docs show; its first NNN is
    the number of an object of the model `numbered`, by which a name is found. One that tells of
    very many objects says in `having` how it finds a text.
    """

    def enter(derive: Derive) -> Derive:
        module = module_of(derive.__module__)
        _families.append(Family(source, pattern, description, derive, module, numbered, having))
        return derive

    return enter


E = TypeVar("E", bound=Model)


About = Collection[Touched] | None
"""The objects that a family is asked about; None: about all there are."""


def only(find: Callable[[], "QuerySet[E]"], about: About, **ways: str) -> Iterable[E]:
    """For families: those that `find` gives of which variables may tell of the objects; all, for
    None, by a statement that is composed once.

    Of the objects' own kind it is those. `ways` lead to objects of other kinds, by resource, such
    as roles="role_assignments__role"; "" where all have to do with each of them.
    """
    if about is None:
        return _in_pieces(_prepared(find)) if _is_piecewise.get() else _prepared(find)()
    found = find()
    own = {one.pk for one in about if issubclass(one.model, found.model)}
    wanted = [Q(pk__among=own)] if own else []
    for resource, way in ways.items():
        others = {one.pk for one in about if one.resource == resource}
        if others and not way:
            return _prepared(find)()
        if others:
            led = found.model._base_manager.filter(**{f"{way}__among": others})
            wanted.append(Q(pk__in=led.values("pk")))
    return found.filter(reduce(or_, wanted)) if wanted else []


def is_begun_in(fixed: str, text: str, beyond: str = "") -> bool:
    """Whether a text can lie in fixed words, or begin in them and go on in what follows; farther
    from their end than `beyond`, on request."""
    starts = range(len(fixed) - len(beyond))
    return text in fixed or any(text.startswith(fixed[start:]) for start in starts)


def is_ended_in(fixed: str, text: str, beyond: str = "") -> bool:
    """Whether a text can lie in fixed words, or begin before them and end in them, as above."""
    return is_begun_in(fixed[::-1], text[::-1], beyond[::-1])


_is_piecewise: ContextVar[bool] = ContextVar("is_piecewise", default=False)
PIECE = 200
"""Objects that are read first, when variables are derived piecewise."""


@contextmanager
def piecewise() -> Iterator[None]:
    """Let families read the first objects, and all others only where these are not enough.

    What is derived meanwhile is for a look: others may change something between the two.
    """
    token = _is_piecewise.set(True)
    try:
        yield
    finally:
        _is_piecewise.reset(token)


def _in_pieces(prepared: Prepared[E]) -> Iterator[E]:
    first = prepared.page(0, PIECE)
    yield from first
    if len(first) == PIECE:
        yield from prepared.page(PIECE, sys.maxsize)


def pieces(objects: Iterable[E]) -> Iterator[list[E]]:
    """The objects, so that of an iterator nothing is read before it is asked for."""
    if not isinstance(objects, Iterator):
        yield list(objects)
        return
    while piece := list(islice(objects, PIECE)):
        yield piece


@cache
def _prepared(find: Callable[[], "QuerySet[E]"]) -> Prepared[E]:
    return Prepared(find)


def all_families() -> list[Family]:
    """Every source, in the order of the installed apps."""
    return list(_families)


@contribution("variables")
def families_of(module: str) -> list[str]:
    """The patterns of the variables that the module brings."""
    return [one.pattern for one in all_families() if one.module == module]
