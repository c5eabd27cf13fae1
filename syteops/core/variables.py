"""Where automation variables come from: functions that derive them from the entities.

An app's `variables.py` marks such functions with `@family`; they are found by autodiscovery and run
when the catalogue is read, so it cannot go stale.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from syteops.core.entities import Entity
from syteops.core.modules import contribution, module_of

Owner = tuple[str, str]
"""An object: its resource and its public id."""


@dataclass(frozen=True)
class Variable:
    """One automation variable. A blank value means that it does not exist.

    `of` are the objects that it tells of, so that it may change with them.
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


Derive = Callable[[], Iterable[Variable]]


@dataclass(frozen=True)
class Family:
    """A function that derives variables, the source it names, and the module it belongs to."""

    source: str
    pattern: str
    description: str
    derive: Derive
    module: str


_families: list[Family] = []


def family(source: str, pattern: str, description: str) -> Callable[[Derive], Derive]:
    """Enter a function as a source of variables. `pattern` is what the docs show."""

    def enter(derive: Derive) -> Derive:
        module = module_of(derive.__module__)
        _families.append(Family(source, pattern, description, derive, module))
        return derive

    return enter


def all_families() -> list[Family]:
    """Every source, in the order of the installed apps."""
    return list(_families)


@contribution("variables")
def families_of(module: str) -> list[str]:
    """The patterns of the variables that the module brings."""
    return [one.pattern for one in all_families() if one.module == module]
