"""Reading CRM systems."""

from typing import Any

from django.db.models import QuerySet

from syteops.crm.models import CrmIdentifier, CrmSystem
from syteops.lib.entities import by_slot


def live_systems() -> QuerySet[CrmSystem]:
    """Every CRM system that is not deleted, by number."""
    return CrmSystem.objects.all()


def get_system(crm_num: str, lock: bool = False) -> CrmSystem:
    """The CRM system of that number, locked for a write on request. Raises NotFound."""
    return by_slot(CrmSystem, crm_num, lock)


def deletion_impact(system: CrmSystem) -> dict[str, Any]:
    """What deleting the system would take away."""
    return {
        "crm_num": system.slot,
        "name": system.name,
        "secrets_cleared": sum(1 for s in (system.api_key, system.api_secret) if s),
        "team_member_ids_cleared": system.identifiers.count(),
    }


def identifiers_of(member_id: int) -> dict[str, str]:
    """A member's identifiers by CRM number."""
    found = CrmIdentifier.objects.filter(member_id=member_id).select_related("system")
    return {one.system.slot: one.identifier for one in found.order_by("system__number")}
