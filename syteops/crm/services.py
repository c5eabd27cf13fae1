"""Every change of a CRM system. Objects passed in are locked by the caller."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import transaction

from syteops.audit import services as audit
from syteops.crm.models import CrmIdentifier, CrmSystem
from syteops.crm.queries import known_members, members_known_to
from syteops.lib.actors import Actor
from syteops.lib.errors import FieldError, Invalid
from syteops.lib.locks import transaction_lock

_NO_SYSTEM = "There is no such CRM system."
SECRETS = ("api_key", "api_secret")


@transaction.atomic
def create_system(actor: Actor, **values: Any) -> CrmSystem:
    """A new CRM system under the lowest free number. Raises Invalid or LimitReached."""
    transaction_lock("crm_systems")
    number = CrmSystem.free_number(settings.MAX_CRM_SYSTEMS, "CRM systems")
    system = CrmSystem(number=number, **values)
    audit.insert(actor, system)
    return system


@transaction.atomic
def update_system(actor: Actor, system: CrmSystem, **values: Any) -> CrmSystem:
    """Change the fields given. Raises Invalid."""
    audit.update(actor, system, values)
    return system


@transaction.atomic
def delete_system(actor: Actor, system: CrmSystem) -> None:
    """Free the number; clear the secrets, and the identifiers that team members have there."""
    identifiers = members_known_to(system)
    system.identifiers.all().delete()
    gone = {field: None for name in SECRETS for field in (name, f"{name}_set_at")}
    audit.delete_softly(actor, system, also={"identifiers": (identifiers, {})}, **gone)


@transaction.atomic
def restore_system(
    actor: Actor,
    system: CrmSystem,
    identifiers: Mapping[str, str] | None = None,
    former_number: int | None = None,
) -> CrmSystem:
    """Bring a deleted system back without its secrets, under the former number if that is free.

    `identifiers` by the primary key of each team member are given back too, where the member is
    still there. Raises LimitReached.
    """
    transaction_lock("crm_systems")
    number = CrmSystem.free_number(settings.MAX_CRM_SYSTEMS, "CRM systems", former_number)
    for member_id, identifier in known_members(identifiers or {}).items():
        system.identifiers.create(member_id=member_id, identifier=identifier)
    also: dict[str, tuple[Any, Any]] = {"identifiers": ({}, members_known_to(system))}
    audit.update(actor, system, {"number": number, "deleted_at": None}, "restored", also)
    return system


@transaction.atomic
def set_secrets(actor: Actor, system: CrmSystem, **secrets: str) -> CrmSystem:
    """Store the API key, the API secret or both, sealed."""
    for name, text in secrets.items():
        audit.set_secret(actor, system, name, text)
    return system


@transaction.atomic
def clear_secrets(actor: Actor, system: CrmSystem, *names: str) -> CrmSystem:
    """Forget the secrets named."""
    for name in names:
        audit.set_secret(actor, system, name, None)
    return system


@transaction.atomic
def set_identifiers(member_id: int, wanted: Mapping[str, str]) -> None:
    """Make these the member's identifiers; a blank one removes it, one left out is kept.

    The member's services record the change. Raises Invalid naming an unknown CRM number.
    """
    systems = {system.slot: system for system in CrmSystem.objects.all()}
    for crm_num, identifier in wanted.items():
        if crm_num not in systems:
            raise Invalid([FieldError(("crm_ids", crm_num), "not_found", _NO_SYSTEM)])
        mine = CrmIdentifier.objects.filter(member_id=member_id, system=systems[crm_num])
        if not identifier:
            mine.delete()
        elif not mine.update(identifier=identifier):
            mine.create(member_id=member_id, system=systems[crm_num], identifier=identifier)
