"""`syteops_std_crm_NNN_…`: what automations may know of the CRM systems."""

from collections.abc import Iterator

from syteops.core.variables import About, Variable, family, only, owner
from syteops.crm.models import CrmSystem
from syteops.crm.queries import live_systems


@family("crm", "syteops_std_crm_NNN_name, _code, _url", "The CRM systems by number.", CrmSystem)
def crm_variables(about: About = None) -> Iterator[Variable]:
    for system in only(live_systems, about):
        for field in ("name", "code", "url"):
            name = f"syteops_std_crm_{system.slot}_{field}"
            told = f"{field.title()} of {system.name}"
            yield Variable(name, getattr(system, field), told, of=(owner(system),))
