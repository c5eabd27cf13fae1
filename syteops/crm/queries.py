"""Reading CRM systems."""

from collections.abc import Iterator, Mapping
from operator import itemgetter
from typing import Any, TypedDict

from django.apps import apps
from django.db.models import F, QuerySet, TextField
from django.db.models.functions import Cast

from syteops.audit.models import AuditEntry
from syteops.core.entities import slot_of
from syteops.core.impacts import MOST_TOLD, First
from syteops.core.prepared import Prepared
from syteops.crm.models import CrmIdentifier, CrmSystem


def live_systems() -> QuerySet[CrmSystem]:
    """Every CRM system that is not deleted, by number."""
    return CrmSystem.objects.all()


class CrmSystemDeleteImpact(TypedDict):
    """What goes with a CRM system. Of each identifier: the number, the name, and itself."""

    crm_num: str
    name: str
    secrets_cleared: int
    team_member_ids_cleared: int
    team_member_ids: list[str]


def deletion_impact(system: CrmSystem) -> CrmSystemDeleteImpact:
    """What deleting the system would take away."""
    member: Any = CrmIdentifier._meta.get_field("member").related_model
    known = member._base_manager.filter(crm_identifiers__system=system)
    known = known.annotate(identifier=F("crm_identifiers__identifier")).only(*member.named_by)
    first = known.order_by("number", "crm_identifiers__pk")[:MOST_TOLD]
    count = system.identifiers.count()
    return {
        "crm_num": system.slot,
        "name": system.name,
        "secrets_cleared": sum(1 for s in (system.api_key, system.api_secret) if s),
        "team_member_ids_cleared": count,
        "team_member_ids": First((f"{m.slot} {m} {m.identifier}".strip() for m in first), count),
    }


def identifiers_of_many(member_ids: list[int]) -> dict[int, dict[str, str]]:
    """Who team members are in which CRM system: identifiers by CRM number, by member."""
    found: dict[int, dict[str, str]] = {one: {} for one in member_ids}
    rows = sorted(_IDENTIFIERS(member_ids), key=itemgetter(1))  # few: a database takes longer
    for member_id, number, identifier in rows:
        found[member_id][slot_of(number)] = identifier
    return found


_IDENTIFIERS = Prepared(
    lambda member_ids: (
        CrmIdentifier.objects.filter(member_id__in=member_ids, system__number__isnull=False)
        .order_by()
        .values_list("member_id", "system__number", "identifier")
    )
)


def identifiers_of(member_id: int) -> dict[str, str]:
    """A member's identifiers by CRM number."""
    return identifiers_of_many([member_id])[member_id]


def live_members_in(system: CrmSystem) -> list[Any]:
    """The team members who have an identifier in the system and are not deleted, with their names
    alone."""
    member: Any = CrmIdentifier._meta.get_field("member").related_model
    found = member._base_manager.filter(crm_identifiers__system=system, deleted_at=None)
    return list(found.only(*member.named_by).order_by("pk"))


def members_known_to(system: CrmSystem, lock: bool = False) -> dict[str, str]:
    """The identifiers that team members have in the system, by the member's primary key; locked on
    request until the transaction ends."""
    found = system.identifiers.order_by("member_id")
    found = found.select_for_update() if lock else found
    rows = found.values_list("member_id", "identifier")
    return {str(member_id): identifier for member_id, identifier in rows}


def known_members(identifiers: Mapping[str, str]) -> dict[int, str]:
    """Those of `identifiers` whose team member is still there, perhaps to be restored."""
    members = apps.get_model("team.TeamMember")._base_manager
    keys = {*map(int, identifiers)}
    there = set(members.filter(pk__among=keys).values_list("pk", flat=True)) if keys else set()
    return {int(pk): text for pk, text in identifiers.items() if int(pk) in there}


def entries_with_identifiers(member_id: int) -> Iterator[tuple[AuditEntry, dict[str, Any]]]:
    """The audit entries of CRM systems that tell the member's identifier, and their changes
    without it."""
    changes = Cast("changes", TextField())
    entries = AuditEntry.objects.filter(object_resource=CrmSystem.resource).annotate(text=changes)
    key = str(member_id)
    for entry in entries.filter(text__contains=f'"{key}": ').order_by("pk"):
        if told := entry.changes.get("identifiers"):
            kept = {
                side: {pk: one for pk, one in (held or {}).items() if pk != key}
                for side, held in told.items()
            }
            yield entry, {**entry.changes, "identifiers": kept}
