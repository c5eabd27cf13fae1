"""`syteops_api_…` and `syteops_…_svs_…`: what admins and tools define by themselves."""

from collections.abc import Iterator

from syteops.automation.queries import free_variables, set_values, variable_name
from syteops.core.variables import About, Variable, family, only, owner


@family("api", "syteops_api_<key>", "Free-form variables, the only ones that tools can write.")
def free_form(about: About = None) -> Iterator[Variable]:
    for one in only(free_variables, about):
        yield Variable(one.name, one.value, one.description, writable=True, of=(owner(one),))


@family("svs", "syteops_<acronym>_svs_<suffix>", "The values of the variable sets.")
def set_variables(about: About = None) -> Iterator[Variable]:
    for one in only(set_values, about, variable_sets="set"):
        name = variable_name(one.set.acronym, one.suffix)
        yield Variable(name, one.value, f"{one.suffix} of {one.set.name}", of=(owner(one.set),))
