"""Every change of a role and of who holds it. Roles passed in are locked by the caller.

That lock is what keeps a role from being filled beyond its limit by two requests at once.
"""

from collections.abc import Collection, Mapping
from typing import Any

from django.db import transaction

from syteops.audit import services as audit
from syteops.core.actors import Actor
from syteops.core.errors import Conflict, Invalid, Protected, RoleFull
from syteops.core.events import Verb
from syteops.core.impacts import MOST_TOLD
from syteops.core.limits import require_room
from syteops.core.locks import transaction_lock
from syteops.core.slugs import free_slug, own_slug
from syteops.core.trials import Touched, note_touched
from syteops.lib.text import some_of
from syteops.roles.constraints import capacity, wanted_constraint
from syteops.roles.models import SLUG_LENGTH, Role, RoleAssignment
from syteops.roles.queries import (
    describe_holders,
    holders_of,
    holders_of_each,
    holding,
    roles_of,
)
from syteops.team.models import TeamMember
from syteops.team.queries import lock_members

_OTHER_ADDRESSES = {"bulk"}
"""What /roles/… leads to beside the roles."""
MOST_CUSTOM = 100
"""Custom roles: each makes a variable of every team member, and one answer lists all of these."""
FIXED_IN_SYSTEM_ROLES = ("name", "constraint_type", "max_count")


@transaction.atomic
def create_role(
    actor: Actor, *, slug: str = "", holders: Collection[TeamMember] = (), **values: Any
) -> Role:
    """A new role, held by `holders`; without a `slug` it is made of the name.

    Raises Invalid, also for a slug that is taken, Conflict (name taken), RoleFull or LimitReached.
    """
    transaction_lock("roles")
    _require_room()
    role = Role(**_complete_values(Role(), values))
    _refuse_taken_name(role, role.name)
    everyone, reserved = Role.objects.all(), _OTHER_ADDRESSES
    role.slug = (
        own_slug(everyone, slug, reserved)
        if slug
        else free_slug(everyone, role.name, sign="_", length=SLUG_LENGTH, reserved=reserved)
    )
    audit.insert(actor, role)
    if holders:
        _refuse_too_many(role, role.capacity, holders)
        _store_holders(actor, role, [], holders, Verb.ASSIGNED)
    return role


def _require_room() -> None:
    require_room(Role.objects.filter(system=False), MOST_CUSTOM, "custom roles")


@transaction.atomic
def restore_role(actor: Actor, role: Role, *, holders: Collection[TeamMember] = ()) -> Role:
    """A deleted custom role again, under its own slug; `role` holds its columns.

    Raises as `create_role` does.
    """
    transaction_lock("roles")
    _require_room()
    _refuse_taken_name(role, role.name)
    if Role.objects.filter(slug=role.slug).exists():
        raise Conflict(f"Another role has the slug {role.slug} by now.", slug=role.slug)
    _refuse_too_many(role, role.capacity, holders)
    after = sorted(holders, key=_number)
    audit.reinsert(actor, role, **holding(after))
    _write(role, [], after)
    return role


@transaction.atomic
def update_role(
    actor: Actor, role: Role, *, holders: Collection[TeamMember] | None = None, **values: Any
) -> Role:
    """Change the fields given and, where given, who holds the role, as one change.

    Raises Invalid; Protected for what is fixed in a system role; Conflict for a name that is
    taken or a limit below the number of holders; RoleFull for more holders than the limit.
    """
    _protect(role, values)
    values = _complete_values(role, values)
    if values.get("name", role.name) != role.name:
        transaction_lock("roles")
        _refuse_taken_name(role, values["name"])
    before = holders_of(role)
    limit = capacity(*wanted_constraint(role, values))
    if holders is not None:
        _refuse_too_many(role, limit, holders)
    elif limit is not None and limit < len(before):
        raise _too_low(role, limit, before)
    after = before if holders is None else holders
    _store_holders(actor, role, before, after, **values)
    return role


@transaction.atomic
def delete_role(actor: Actor, role: Role) -> None:
    """Delete the role and unassign its holders. Raises Protected for a system role."""
    if role.system:
        raise Protected(f"{role.name} is a system role: it cannot be deleted.")
    audit.remove(actor, role, **holding(holders_of(role)))


@transaction.atomic
def assign(actor: Actor, role: Role, member: TeamMember) -> Role:
    """Let the member hold the role; a system role moves from whoever held it.

    Raises RoleFull naming the holders; Invalid when the member was deleted meanwhile.
    """
    before = holders_of(role)
    if member not in before:
        after = [member] if role.system else [*before, member]
        if role.capacity is not None and len(after) > role.capacity:
            raise _full(role, before)
        _store_holders(actor, role, before, after, Verb.ASSIGNED)
    return role


@transaction.atomic
def unassign(actor: Actor, role: Role, member: TeamMember) -> Role:
    """Let the member no longer hold the role."""
    _take(actor, role, member, holders_of(role))
    return role


def _take(actor: Actor, role: Role, member: TeamMember, before: Collection[TeamMember]) -> None:
    if member in before:
        after = [one for one in before if one != member]
        _store_holders(actor, role, before, after, Verb.UNASSIGNED)


@transaction.atomic
def unassign_everywhere(actor: Actor, member: TeamMember) -> list[str]:
    """Take every role from the member; the slugs of those that were held, sorted."""
    held = list(roles_of(member).select_for_update(of=("self",)))
    for role, holders in holders_of_each(held):
        _take(actor, role, member, holders)
    return sorted(role.slug for role in held)


@transaction.atomic
def give_back(actor: Actor, member: TeamMember, roles: Collection[Role]) -> None:
    """Let a member who was restored hold these roles again.

    Raises RoleFull for one that takes no further member by now; a system role does not move.
    """
    wanted = Role.objects.filter(pk__in=[role.pk for role in roles]).order_by("pk")
    for role in wanted.select_for_update():
        holders = holders_of(role)
        if role.capacity is not None and len(holders) >= role.capacity:
            raise _full(role, holders)
        assign(actor, role, member)


# --- Who holds it --------------------------------------------------------------------------


def _store_holders(
    actor: Actor,
    role: Role,
    before: Collection[TeamMember],
    after: Collection[TeamMember],
    event: Verb = Verb.UPDATED,
    **values: Any,
) -> None:
    """Make `after` the holders, and store the values, as one change.

    The trail keeps the holders' ids too, because numbers are reused.
    """
    after = sorted(after, key=_number)
    _write(role, before, after)
    old, new = holding(before), holding(after)
    audit.update(actor, role, values, event, {name: (old[name], new[name]) for name in old})


def _write(role: Role, before: Collection[TeamMember], after: Collection[TeamMember]) -> None:
    """Add and remove assignments. The members added stay locked, so that none is deleted meanwhile.

    Raises Invalid if one was. Those who hold the role already are not locked: whoever deletes one
    of them waits for this very role.
    """
    held, kept = set(before), set(after)  # a list of thousands would be gone through as often
    added = [one for one in after if one not in held]
    if len(lock_members(added)) < len(added):
        raise Invalid.field("user_num", "There is no such team member.", "not_found")
    removed = [one for one in before if one not in kept]
    for member in (*added, *removed):  # theirs are the variables that tell of it
        note_touched(Touched(TeamMember, TeamMember.resource, member.pk))
    role.assignments.filter(member__in=removed).delete()
    RoleAssignment.objects.bulk_create(RoleAssignment(role=role, member=one) for one in added)


def _number(member: TeamMember) -> int:
    return member.number or 0


def _refuse_too_many(role: Role, limit: int | None, holders: Collection[TeamMember]) -> None:
    if limit is not None and len(holders) > limit:
        raise RoleFull(f"{role.name} takes {limit} at most, not {len(holders)}.")


def _full(role: Role, holders: Collection[TeamMember]) -> RoleFull:
    names = [f"{one['user_num']} {one['name']}" for one in describe_holders(holders)]
    held_by = ", ".join(some_of(names, MOST_TOLD))
    detail = (
        f"{role.name} takes {role.capacity} at most and is held by {held_by}. Unassign one first."
    )
    return RoleFull(detail, holders=describe_holders(holders))


def _too_low(role: Role, limit: int, holders: Collection[TeamMember]) -> Conflict:
    excess = len(holders) - limit
    refusal = Conflict(
        f"{len(holders)} members hold {role.name}: unassign {excess} of them first.",
        unassign_first=excess,
        holders=describe_holders(holders),
    )
    refusal.tells_of = TeamMember.resource
    return refusal


# --- What it is ----------------------------------------------------------------------------


def _complete_values(role: Role, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values with what follows from them: the other half of the constraint, plain colors."""
    completed = dict(values)
    if "color" in values:
        completed["color"] = values["color"].lower()
    if "constraint_type" in values or "max_count" in values:
        completed["constraint_type"], completed["max_count"] = wanted_constraint(role, values)
    return completed


def _protect(role: Role, values: Mapping[str, Any]) -> None:
    if not role.system:
        return
    for name in FIXED_IN_SYSTEM_ROLES:
        if name in values and values[name] != getattr(role, name):
            raise Protected(f"{role.name} is a system role: its {name} never changes.", field=name)


def _refuse_taken_name(role: Role, name: str) -> None:
    other = Role.objects.exclude(pk=role.pk).filter(name_folded=name).first()
    if other is not None:
        raise Conflict(f"There is a role {other.name} already.", slug=other.slug)
