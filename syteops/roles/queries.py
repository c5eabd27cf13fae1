"""Reading roles and who holds them."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, TypedDict

from django.db.models import Count, Prefetch, QuerySet, prefetch_related_objects

from syteops.audit.queries import changes_since
from syteops.core.locks import snapshot
from syteops.core.prepared import Prepared
from syteops.core.reading import how_many_fit
from syteops.roles.models import Role, RoleAssignment
from syteops.team.models import TeamMember

_A_ROLE, _A_HOLDER = 500, 100
"""To read them takes as long as so many characters of that."""
# Of a member all but its name may be long, and is read again for each role.
_NAMED = [f"member__{name}" for name in TeamMember.named_by]
_HELD_BY = RoleAssignment.objects.select_related("member").only("role", *_NAMED)
_WITH_MEMBERS = Prefetch("assignments", _HELD_BY)


def all_roles() -> QuerySet[Role]:
    """Every role with its holders' numbers and names: the system roles first, then by name."""
    return Role.objects.prefetch_related(_WITH_MEMBERS)


def fitting(role_ids: Sequence[int]) -> int:
    """How many of the first of these roles can be read at once with their holders; at least one."""
    held = RoleAssignment.objects.filter(role__in=role_ids).values_list("role")
    counts: dict[int, int] = dict(held.annotate(count=Count("pk")).order_by())
    return how_many_fit(_A_ROLE + _A_HOLDER * counts.get(one, 0) for one in role_ids)


def with_holders(roles: list[Role]) -> list[Role]:
    """The roles with their holders at hand, in one query for all of them."""
    prefetch_related_objects(roles, _WITH_MEMBERS)
    return roles


def holders_of(role: Role) -> list[TeamMember]:
    """Who holds the role now, by number."""
    found = role.assignments.select_related("member").only("role", *_NAMED)
    return [one.member for one in found.order_by("member__number")]


def holders_of_each(
    roles: Iterable[Role], *further: str
) -> Iterator[tuple[Role, list[TeamMember]]]:
    """The roles, each with its holders by number: with what names them, and `further` columns.

    Of a member who holds a hundred of them one object is made.
    """
    roles = list(roles)
    held: dict[int, list[TeamMember]] = {one.pk: [] for one in roles}
    pairs = pairs_of([*held])
    keys = frozenset(member for _, member in pairs)
    named = TeamMember.all_objects.filter(pk__among=keys).only(*TeamMember.named_by, *further)
    holders = {one.pk: one for one in named} if keys else {}
    for role, member in pairs:
        held[role].append(holders[member])
    for one in roles:
        yield one, sorted(held[one.pk], key=lambda member: member.number or 0)


def holding(holders: Iterable[TeamMember]) -> dict[str, Any]:
    """Holders as the audit trail keeps them: their numbers now, and their permanent ids."""
    found = list(holders)
    return {
        "assigned_users": [one.slot for one in found],
        "assigned_ids": [one.pk for one in found],
    }


HOLDING = frozenset(holding(()))
"""The names of what that tells."""


def roles_of(member: TeamMember) -> QuerySet[Role]:
    """The roles that the member holds, in the one order in which several are locked."""
    return Role.objects.filter(assignments__member=member).order_by("pk")


def slugs_of_many(member_ids: list[int]) -> dict[int, list[str]]:
    """The roles that members hold: slugs in order, by member."""
    found: dict[int, list[str]] = {one: [] for one in member_ids}
    for member_id, slug in _HELD(member_ids):
        found[member_id].append(slug)
    return {member_id: sorted(slugs) for member_id, slugs in found.items()}


def pairs_of(role_ids: list[int]) -> set[tuple[int, int]]:
    """Who holds these roles: the primary keys of a role and of a member."""
    return set(_PAIRS(role_ids))


_PAIRS = Prepared(
    lambda role_ids: RoleAssignment.objects.filter(role_id__in=role_ids).values_list(
        "role_id", "member_id"
    )
)
_HELD = Prepared(
    lambda member_ids: RoleAssignment.objects.filter(member_id__in=member_ids).values_list(
        "member_id", "role__slug"
    )
)


def members_moved_since(since: datetime) -> set[int]:
    """The primary keys of the members who got or lost a role since then, as the trail tells."""
    found: set[int] = set()
    with snapshot():  # there may be very many
        for entry in changes_since(Role, since).only("changes").iterator():
            held = entry.changes.get("assigned_ids", {})
            found |= {*(held.get("before") or ())} ^ {*(held.get("after") or ())}
    return found


class RoleHolder(TypedDict):
    """A member who holds a role."""

    user_num: str
    name: str


def describe_holders(holders: Iterable[TeamMember]) -> list[RoleHolder]:
    """Holders as an answer names them."""
    return [{"user_num": one.slot, "name": str(one)} for one in holders]


class RoleDeleteImpact(TypedDict):
    """What goes with a role."""

    slug: str
    name: str
    holders_unassigned: int
    holders: list[RoleHolder]


def deletion_impact(role: Role) -> RoleDeleteImpact:
    """What deleting the role would take away."""
    holders = holders_of(role)
    return {
        "slug": role.slug,
        "name": role.name,
        "holders_unassigned": len(holders),
        "holders": describe_holders(holders),
    }
