"""Every change of a CRM system. Objects passed in are locked by the caller."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from syteops.audit import services as audit
from syteops.core.actors import Actor
from syteops.core.errors import FieldError, Invalid
from syteops.core.events import Verb
from syteops.crm.models import CrmIdentifier, CrmSystem
from syteops.crm.queries import (
    identifiers_of_many,
    known_members,
    locked_identifiers,
    members_known_to,
)

_NO_SYSTEM = "There is no such CRM system."
SECRETS = ("api_key", "api_secret")

set_secrets, clear_secrets = audit.set_secrets, audit.clear_secrets


@transaction.atomic
def create_crm_system(actor: Actor, **values: Any) -> CrmSystem:
    """A new CRM system under the lowest free number. Raises Invalid or LimitReached."""
    system = CrmSystem(**values)
    audit.insert(actor, system)
    return system


@transaction.atomic
def update_crm_system(actor: Actor, system: CrmSystem, **values: Any) -> CrmSystem:
    """Change the fields given. Another origin of the URL clears the secrets. Raises Invalid."""
    audit.update(actor, system, values)
    return system


@transaction.atomic
def delete_crm_system(actor: Actor, system: CrmSystem) -> None:
    """Free the number; clear the secrets, and the identifiers that team members have there.

    Each of those members, deleted ones included, has an entry of that too.
    """
    known = locked_identifiers(system)
    _record_with_members(actor, known, taken=True)
    identifiers = {str(one.member_id): one.identifier for one in known}
    system.identifiers.all().delete()
    gone = {field: None for name in SECRETS for field in (name, f"{name}_set_at")}
    audit.delete_softly(actor, system, also={"identifiers": (identifiers, {})}, **gone)


@transaction.atomic
def restore_crm_system(
    actor: Actor,
    system: CrmSystem,
    identifiers: Mapping[str, str] | None = None,
    former_number: int | None = None,
) -> CrmSystem:
    """Bring a deleted system back without its secrets, under the former number if that is free.

    `identifiers` by the primary key of each team member are given back too, where the member's row
    is still there; each of those members has an entry of that too. Raises LimitReached.
    """
    number = CrmSystem.free_number(former_number)
    for member_id, identifier in known_members(identifiers or {}).items():
        system.identifiers.create(member_id=member_id, identifier=identifier)
    also: dict[str, tuple[Any, Any]] = {"identifiers": ({}, members_known_to(system))}
    audit.update(actor, system, {"number": number, "deleted_at": None}, Verb.RESTORED, also)
    _record_with_members(actor, locked_identifiers(system), taken=False)
    return system


def _record_with_members(
    actor: Actor, identifiers: Sequence[CrmIdentifier], *, taken: bool
) -> None:
    """Let the members' own histories tell, too; that is where an open form sees that it is stale.

    Call while the identifiers, all of one system, are stored. The members are not locked: whoever
    has done that may be waiting for this very system.
    """
    all_there = identifiers_of_many([one.member_id for one in identifiers])
    changed = []
    for one in identifiers:
        there = all_there[one.member_id]
        without = {number: text for number, text in there.items() if number != one.system.slot}
        change = (there, without) if taken else (without, there)
        changed.append((one.member, {"crm_ids": change}))
    audit.record_each(actor, changed)


# Within the transaction of the member's service: a savepoint of its own would only cost time.
@transaction.atomic(savepoint=False)
def set_identifiers(member_id: int, wanted: Mapping[str, str]) -> None:
    """Make these the member's identifiers; a blank one removes it, one left out is kept.

    The member's services record the change. Raises Invalid naming an unknown CRM number.
    """
    systems = {system.slot: system for system in CrmSystem.objects.all()} if wanted else {}
    for crm_num, identifier in wanted.items():
        if crm_num not in systems:
            raise Invalid([FieldError(("crm_ids", crm_num), "not_found", _NO_SYSTEM)])
        mine = {"member_id": member_id, "system": systems[crm_num]}
        if identifier:
            CrmIdentifier.objects.update_or_create(**mine, defaults={"identifier": identifier})
        else:
            CrmIdentifier.objects.filter(**mine).delete()


@transaction.atomic
def forget_identifiers(member_id: int) -> int:
    """Delete who the member is in every CRM system; how many identifiers that were."""
    return CrmIdentifier.objects.filter(member_id=member_id).delete()[0]
