"""Every change of a CRM system. Objects passed in are locked by the caller."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from syteops.audit import services as audit
from syteops.core.actors import Actor
from syteops.core.errors import FieldError, Invalid
from syteops.core.events import Verb
from syteops.core.prepared import insert_rows
from syteops.crm.models import CrmIdentifier, CrmSystem
from syteops.crm.queries import (
    identifiers_of_many,
    known_members,
    live_members_in,
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

    Each of those members who are not deleted has an entry of that too.
    """
    identifiers = members_known_to(system, lock=True)
    _record_with_members(actor, system, taken=True)
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
    is still there; each of those who are not deleted has an entry of that too. Raises LimitReached.
    """
    number = CrmSystem.free_number(former_number)
    known = known_members(identifiers or {})
    if known:
        insert_rows(
            [CrmIdentifier(system=system, member_id=m, identifier=t) for m, t in known.items()]
        )
    also: dict[str, tuple[Any, Any]] = {"identifiers": ({}, members_known_to(system))}
    audit.update(actor, system, {"number": number, "deleted_at": None}, Verb.RESTORED, also)
    _record_with_members(actor, system, taken=False)
    return system


def _record_with_members(actor: Actor, system: CrmSystem, *, taken: bool) -> None:
    """Let the members' own histories tell, too; that is where an open form sees that it is stale.

    Call while the identifiers are stored. The members are not locked: whoever has done that may be
    waiting for this very system. Deleted ones have no form, and there may be any number of them.
    """
    members = live_members_in(system)
    all_there = identifiers_of_many([one.pk for one in members])
    changed = []
    for one in members:
        there = all_there[one.pk]
        without = {number: text for number, text in there.items() if number != system.slot}
        change = (there, without) if taken else (without, there)
        changed.append((one, {"crm_ids": change}))
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
