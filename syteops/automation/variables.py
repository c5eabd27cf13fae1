"""`syteops_api_…` and `syteops_…_svs_…`: what admins and tools define by themselves."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Model, Q, QuerySet, TextField, Value
from django.db.models.functions import Concat

from syteops.automation.models import Variable as VariableModel
from syteops.automation.models import VariableSet, VariableSetValue
from syteops.automation.names import FREE_PREFIX, PREFIX
from syteops.automation.queries import free_variables, set_values, variable_name
from syteops.core.folding import folded_fields, may_contain
from syteops.core.variables import (
    About,
    Variable,
    family,
    is_begun_in,
    is_ended_in,
    only,
    owner,
)


def _free_having(text: str) -> QuerySet[Any, Any]:
    found = free_variables().annotate(told=Concat(Value(FREE_PREFIX), "key"))
    return _keys(found, Q(told__contains=text) | _is_searched(VariableModel, text))


def _in_sets_having(text: str) -> QuerySet[Any, Any]:
    named = VariableSet.objects.filter(_is_searched(VariableSet, text))
    has = Q(suffix__contains=text) | Q(set__in=named) | _is_searched(VariableSetValue, text)
    if not _touches_fixed_words(text):
        return _keys(set_values(), has)  # it lies within what is stored
    name = Value(PREFIX), "set__acronym", Value("_svs_"), "suffix"
    description = "suffix", Value(" of "), "set__searched"
    told = Concat(*name, Value("\n"), *description, output_field=TextField())
    return _keys(set_values().annotate(told=told), has | Q(told__contains=text))


def _touches_fixed_words(text: str) -> bool:
    """Whether it can have more of the names or descriptions than what is stored."""
    between = ("_svs_", " of ")
    return is_begun_in(PREFIX, text) or any(
        one in text or is_begun_in(one, text) or is_ended_in(one, text) for one in between
    )


def _is_searched(model: type[Model], text: str) -> Q:
    (searched,) = (one for one in folded_fields(model) if one.name == "searched")
    return may_contain(searched, text)


def _keys(found: QuerySet[Any], wanted: Q) -> QuerySet[Any, Any]:
    return found.filter(wanted).values_list("pk", flat=True)


# Of a site's 70,000 nothing else is read, such as what they are searched by.
def _free() -> QuerySet[VariableModel]:
    return free_variables().only("key", "value", "description")


def _in_sets() -> QuerySet[VariableSetValue]:
    return set_values().only("suffix", "value", "set__acronym", "set__name")


@family(
    "api",
    "syteops_api_<key>",
    "Free-form variables, the only ones that tools can write.",
    having=(VariableModel, _free_having),
)
def free_form(about: About = None) -> Iterator[Variable]:
    for one in only(_free, about):
        yield Variable(one.name, one.value, one.description, writable=True, of=(owner(one),))


@family(
    "svs",
    "syteops_<acronym>_svs_<suffix>",
    "The values of the variable sets.",
    having=(VariableSetValue, _in_sets_having),
)
def set_variables(about: About = None) -> Iterator[Variable]:
    for one in only(_in_sets, about, variable_sets="set"):
        name = variable_name(one.set.acronym, one.suffix)
        yield Variable(name, one.value, f"{one.suffix} of {one.set.name}", of=(owner(one.set),))
