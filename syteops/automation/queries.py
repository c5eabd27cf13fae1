"""Reading automation variables. The catalogue is derived at every read, so it is never stale."""

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from itertools import islice
from operator import attrgetter
from typing import Any, TypedDict

from django.db.models import QuerySet

from syteops.audit.switchables import SwitchableState
from syteops.automation.models import Variable, VariableSet, VariableSetValue
from syteops.automation.names import FREE_PREFIX, PREFIX, free_key, is_derived
from syteops.core.entities import Entity
from syteops.core.errors import NotFound, Protected
from syteops.core.locks import transaction_lock
from syteops.core.modules import inactive_modules
from syteops.core.trials import Touched
from syteops.core.variables import Family, all_families, owner, piecewise
from syteops.core.variables import Variable as CatalogueVariable
from syteops.lib.folding import fold
from syteops.lib.memory import without_collector
from syteops.lib.text import is_blank

log = logging.getLogger(__name__)
FEW = 400
"""Variables that are all derived, and put in order, to show a page of them."""


def catalogue(source: str = "", search: str = "") -> list[CatalogueVariable]:
    """Every variable that has a value, by name, of one source and with a text on request.

    A constant number of queries. Names are unique: of two the first counts, and the log says so.
    """
    with without_collector():
        found = map(_with_source, _derived(source, fold(search)))
        return sorted(found, key=attrgetter("name"))


def beginning_of_catalogue(
    most: int, source: str = "", search: str = ""
) -> tuple[list[CatalogueVariable], bool]:
    """The first of what `catalogue` gives, and whether that is all. More than FEW are in the order
    in which they are derived, and no more objects are read than that takes."""
    most = max(most, FEW)
    with piecewise():
        found = _derived(source, fold(search))
        first = list(map(_with_source, islice(found, most + 1)))
    if len(first) <= FEW:
        first.sort(key=lambda one: one.name)
    return first[:most], len(first) <= most


Derived = tuple[Family, CatalogueVariable]


def _derived(source: str = "", text: str = "") -> Iterator[Derived]:
    """Each with the family that it is from, of one source and with a folded text on request."""
    known: set[str] = set()
    for family in active_families():
        if source not in ("", family.source):
            continue
        for variable in family.searched(text) if text else family.derive():
            if is_blank(variable.value):
                continue
            if variable.name in known:
                log.error("The variable %s is derived twice.", variable.name)
                continue
            known.add(variable.name)
            if not text or _has(variable, text):
                yield family, variable


def _with_source(derived: Derived) -> CatalogueVariable:
    family, variable = derived
    variable.source = family.source  # it is new, and nobody's else
    return variable


def _has(variable: CatalogueVariable, text: str) -> bool:
    """Whether it has the folded text. Names are folded as they are."""
    return text in variable.name or any(
        text in fold(one) for one in (variable.value, variable.description)
    )


def active_families() -> list[Family]:
    """The families whose variables exist now: those of inactive modules are away."""
    inactive = inactive_modules()
    return [one for one in all_families() if one.module not in inactive]


def names_from(obj: Entity) -> list[str]:
    """The variables that may change with the object: those of it, or else of its whole module."""
    derived = (one for family in active_families() for one in family.about(obj))
    return sorted({one.name for one in derived if not is_blank(one.value)})


def values_around(touched: Collection[Touched]) -> dict[str, str]:
    """The values, by name, of all variables that may change with these objects."""
    by_kind: dict[Any, list[Touched]] = defaultdict(list)
    for one in touched:
        by_kind[one.model].append(one)
    around = [one for one in _around(by_kind) if not is_blank(one.value)]
    asked = {resource for one in around for resource, _ in one.of}
    owners = {
        owner(obj)
        for model, objects in by_kind.items()
        if model.resource in asked
        for obj in _objects(model, {one.pk for one in objects})
    }
    found: dict[str, str] = {}
    for variable in around:
        if not variable.of or not owners.isdisjoint(variable.of):
            found.setdefault(variable.name, variable.value)
    return found


def _objects(model: type[Entity], keys: Set[Any]) -> QuerySet[Entity]:
    """With nothing but what names them."""
    return model._base_manager.filter(pk__among=keys).only(model.identified_by)


def _around(by_kind: Mapping[Any, Collection[Touched]]) -> Iterator[CatalogueVariable]:
    is_switched = any(issubclass(model, SwitchableState) for model in by_kind)
    for family in active_families():
        if is_switched and family.module:  # it goes or comes with its module
            yield from family.derive()
        elif not family.takes_objects:
            yield from family.around([one for objects in by_kind.values() for one in objects])
        else:
            for objects in by_kind.values():
                yield from family.around(objects)


def names_like(text: str, most: int) -> list[str]:
    """A few names that begin so, of the object whose number the text has: nothing else is read."""
    objects = (one.numbered_in(text) for one in active_families())
    found = next((one for one in objects if one is not None), None)
    return [one for one in names_from(found) if one.startswith(text)][:most] if found else []


def exported() -> dict[str, str]:
    """Every variable's value by name."""
    with without_collector():
        return dict(sorted((one.name, one.value) for _, one in _derived()))


@dataclass(frozen=True)
class Altered:
    """The names of the variables that are new or have another value, and of those that went."""

    changed: list[str]
    removed: list[str]


def altered(before: Mapping[str, str], after: Mapping[str, str]) -> Altered:
    """How two catalogues differ, each of names and values, or of names and what tells values."""
    changed = sorted(name for name, one in after.items() if before.get(name) != one)
    return Altered(changed, sorted(before.keys() - after.keys()))


def lock_key(key: str) -> None:
    """Until the transaction ends, nobody else makes a free-form variable of that key or name."""
    # A row can only be locked where there is one.
    transaction_lock(f"variable {free_key(key)}")


def free_form_exists(key: str) -> bool:
    """Whether there is a free-form variable of that key or name; so it stays for this write."""
    lock_key(key)
    return Variable.objects.filter(key=free_key(key)).exists()


def find_variable(key: str, lock: bool = False) -> Variable | CatalogueVariable:
    """The variable of that key or full name, locked like `get_variable`. Raises NotFound."""
    if not is_derived(key):
        return get_variable(key, lock)
    # Of those that have the name in a text: to derive the others as well takes seconds of a site.
    for one in map(_with_source, _derived(text=fold(key))):
        if one.name == key:
            return one
    raise _no_variable(key)


def get_variable(key: str, lock: bool = False) -> Variable:
    """The free-form variable of that key or name, locked on request, even if there is none yet.

    Raises NotFound, or Protected for one that is derived.
    """
    if is_derived(key):
        find_variable(key)
        raise derived_is_protected(key)
    if lock:
        lock_key(key)
    variables = Variable.objects.select_for_update(of=("self",)) if lock else Variable.objects
    variable = variables.filter(key=free_key(key)).first()
    if variable is None:
        raise _no_variable(key)
    return variable


def derived_is_protected(name: str) -> Protected:
    """Why a derived variable cannot be written."""
    return Protected(
        f"{name} is derived from other settings: change those. "
        f"Only {FREE_PREFIX}… variables can be set or deleted."
    )


def _no_variable(key: str) -> NotFound:
    return NotFound(f"There is no variable {key}.")


class VariableDeleteImpact(TypedDict):
    """What goes with a free-form variable."""

    name: str
    value: str


def deletion_impact(variable: Variable) -> VariableDeleteImpact:
    """What deleting the variable would take away."""
    return {"name": variable.name, "value": variable.value}


def variable_sets() -> QuerySet[VariableSet]:
    """Every variable set with its values, by acronym."""
    return VariableSet.objects.prefetch_related("values")


class VariableSetDeleteImpact(TypedDict):
    """What goes with a variable set, or with some of its values."""

    acronym: str
    name: str
    variables: list[str]


def set_deletion_impact(gone: VariableSet) -> VariableSetDeleteImpact:
    """What deleting the set would take away: the names of its variables."""
    return _set_impact(gone, names_in(gone))


def set_update_impact(changed: VariableSet, values: Mapping[str, Any]) -> VariableSetDeleteImpact:
    """What changing the set would take away: the names that it gives no more."""
    return _set_impact(changed, names_that_go(changed, **values))


def _set_impact(owner: VariableSet, names: list[str]) -> VariableSetDeleteImpact:
    return {"acronym": owner.acronym, "name": owner.name, "variables": names}


Row = Mapping[str, Any]
"""A value of a set as its services take it: suffix, type and value."""


def names_in(owner: VariableSet) -> list[str]:
    """The names of the variables that a set gives."""
    return names_of(owner.acronym, (one.as_row() for one in owner.values.all()))


def names_that_go(owner: VariableSet, **values: Any) -> list[str]:
    """The names that a set would give no more with these values, as its update takes them."""
    after = set(_names_with(owner, **values))
    return [name for name in names_in(owner) if name not in after]


def names_that_come(owner: VariableSet, **values: Any) -> list[str]:
    """The names that a set would give anew with them."""
    before = set(names_in(owner))
    return [name for name in _names_with(owner, **values) if name not in before]


def _names_with(
    owner: VariableSet, *, acronym: str = "", values: Iterable[Row] | None = None, **others: Any
) -> list[str]:
    kept = (one.as_row() for one in owner.values.all()) if values is None else values
    return names_of(acronym or owner.acronym, kept)


def names_of(acronym: str, rows: Iterable[Row]) -> list[str]:
    """The names of the variables that these values are in a set of that acronym."""
    return [variable_name(acronym, one["suffix"]) for one in rows if not is_blank(one["value"])]


def variable_name(acronym: str, suffix: str) -> str:
    """What automations call a value of a set."""
    return f"{PREFIX}{acronym}_svs_{suffix}"


def free_variables() -> QuerySet[Variable]:
    """Every free-form variable, by key."""
    return Variable.objects.all()


def set_values() -> QuerySet[VariableSetValue]:
    """Every value of every variable set."""
    return VariableSetValue.objects.select_related("set").order_by("set__acronym", "suffix")
