"""Reading team members."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from copy import copy
from datetime import datetime
from typing import Any, TypedDict

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from syteops.audit.erasing import Remainder
from syteops.audit.models import AuditEntry
from syteops.audit.queries import entries_of, refusals_on
from syteops.core.errors import Invalid
from syteops.core.trials import Touched
from syteops.core.variables import About
from syteops.crm.queries import entries_with_identifiers, identifiers_of_many
from syteops.lib.text import cut
from syteops.people.queries import people_renamed_since
from syteops.team.attachments import all_attachments
from syteops.team.models import PUBLISHED, TeamMember
from syteops.team.places import LONGEST_LABEL

SEARCHED = ("number", "searched", "crm_identifiers__identifier_folded")
ORDERINGS = {
    "user_num": "number",
    **dict.fromkeys(
        ("full_name", "last_name", "company_name", "email", "created_at", "updated_at")
    ),
}


def live_members() -> QuerySet[TeamMember]:
    """Every member that is not deleted, by number, with the name of the login alone."""
    return TeamMember.objects.select_related("user").defer("uid", *_UNSHOWN_OF_LOGINS)


def named_members() -> QuerySet[TeamMember]:
    """With what their names are made of alone, for where all of them are asked for."""
    return TeamMember.objects.only(*TeamMember.named_by)


_SHOWN_OF_LOGINS = ("id", "username")
_UNSHOWN_OF_LOGINS = [
    f"user__{field.name}"
    for field in User._meta.concrete_fields
    if field.name not in _SHOWN_OF_LOGINS
]


def with_related(members: Iterable[TeamMember]) -> list[TeamMember]:
    """The members with roles and CRM identifiers at hand, in two queries for all of them."""
    found = {one.pk: one for one in members}
    for attribute, by_member in related_values(list(found)).items():
        for pk, one in found.items():
            setattr(one, attribute, by_member[pk])
    return list(found.values())


def with_nothing_related(members: list[TeamMember]) -> list[TeamMember]:
    """The same of new members, whom nothing was given yet and nobody else can see: no query."""
    for one in members:
        one.crm_ids = {}
        for held in all_attachments().values():
            setattr(one, held.attribute, [])
    return members


def have_related(members: Iterable[TeamMember]) -> bool:
    """Whether all of them have that at hand."""
    wanted = {"crm_ids", *(one.attribute for one in all_attachments().values())}
    return all(wanted <= vars(one).keys() for one in members)


def related_values(ids: list[int]) -> dict[str, Mapping[int, Any]]:
    """Roles and CRM identifiers: by the member's attribute and permanent id, in two queries."""
    found: dict[str, Mapping[int, Any]] = {"crm_ids": identifiers_of_many(ids)}
    return found | {one.attribute: one.names_of_many(ids) for one in all_attachments().values()}


def members_with_ids(ids: Collection[int]) -> list[TeamMember]:
    """The live members of those permanent ids, by number."""
    return list(TeamMember.objects.filter(pk__in=ids))


def lock_members(members: Collection[TeamMember]) -> list[TeamMember]:
    """Those of the members that are still live, locked by number until the transaction ends."""
    found = TeamMember.objects.filter(pk__in=[one.pk for one in members])
    return list(found.select_for_update(of=("self",)).order_by("number")) if members else []


def deleted_members() -> QuerySet[TeamMember]:
    """The members that can be restored."""
    return TeamMember.all_objects.exclude(deleted_at=None).select_related("user")


def member_with_picture(name: str) -> TeamMember | None:
    """The member, deleted or not, whose picture is stored under that name."""
    return TeamMember.all_objects.filter(profile_picture=name).first()


def user_named(username: str) -> User:
    """The Django user of that name, for the input `user`. Raises Invalid."""
    user = User.objects.filter(username=username).first()
    if user is None:
        raise Invalid.field("user", "There is no such user.", "not_found")
    return user


def user_with_id(pk: int) -> User | None:
    """The Django user of that primary key, whatever the name is now."""
    return User.objects.filter(pk=pk).first()


def changed_with(since: datetime) -> Q:
    """The members who got or lost what is attached since then, or whose login was renamed."""
    held = (pk for one in all_attachments().values() for pk in one.moved_since(since))
    return Q(pk__in=set(held)) | Q(user__in=people_renamed_since(since))


class TeamMemberDeleteImpact(TypedDict):
    """What goes with a team member, and what brings it back."""

    user_num: str
    name: str
    roles_unassigned: list[str]
    restorable_by_id: int


def deletion_impact(member: TeamMember) -> TeamMemberDeleteImpact:
    """What deleting the member would take away, and what restoring it needs."""
    with_related([member])
    return {
        "user_num": member.slot,
        "name": str(member),
        "roles_unassigned": member.role_slugs,
        "restorable_by_id": member.pk,
    }


def published_values(member: TeamMember) -> dict[str, str]:
    """What automations may know of a member: field → text, without the empty ones.

    `member` comes from `with_related`, so this asks the database nothing.
    """
    values = {"user_num": member.slot, "full_name": member.shown_name}
    values |= {name: getattr(member, name) for name in PUBLISHED}
    values |= identifier_values(member.crm_ids)
    return {name: text for name, text in values.items() if text}


def identifier_values(crm_ids: Mapping[str, str]) -> dict[str, str]:
    """What automations may know of CRM identifiers, by number: field → text."""
    return {f"crm_{number}_id": text for number, text in crm_ids.items()}


def beyond_identifiers(about: About) -> About:
    """Without members of whom only CRM identifiers were changed, for what does not tell these."""
    return None if about is None else [one for one in about if not _is_of_identifiers(one)]


def with_changed_identifiers(about: About) -> list[TeamMember]:
    """The live members of whom only CRM identifiers were changed, with these and their names."""
    keys = {one.pk for one in about or () if _is_of_identifiers(one)}
    members = list(named_members().filter(pk__among=keys)) if keys else []
    held = identifiers_of_many([one.pk for one in members])
    for one in members:
        one.crm_ids = held[one.pk]
    return members


def _is_of_identifiers(one: Touched) -> bool:
    return issubclass(one.model, TeamMember) and one.names == {"crm_ids"}


def remainders_of(member: TeamMember) -> Iterator[Remainder]:
    """What may stay of the audit entries that hold a value of the member: of its own, nothing.

    A refused attempt that does not know whom it was on is found under the numbers and names that
    the member had. Those on a namesake stay.
    """
    ids, names = known_as(member)
    refused = refusals_on(member, ids | {str(member.pk), f"deleted-{member.pk}"}, names)
    yield from (Remainder(entry, {}, "") for entry in (*entries_of(member), *refused))
    for entry, changes in entries_with_identifiers(member.pk):
        yield Remainder(entry, changes, entry.object_label)


def known_as(member: TeamMember) -> tuple[set[str], set[str]]:
    """The public ids and the names by which anything of a day ago may tell of the member.

    The trail is kept for a day at least: what it has no entry of any more is what its oldest change
    says was there before. Names are as the trail keeps them, which cuts a long one.
    """
    entries = list(entries_of(member))
    selves = list(_former_selves(member, entries))
    ids = {one.object_id for one in entries} | {one.public_id for one in selves}
    names = {text for one in selves for text in (str(one), one.shown_name)}
    names |= {one.object_label for one in entries}
    return ids, {cut(one, LONGEST_LABEL) for one in names if one}


def _former_selves(member: TeamMember, entries: Iterable[AuditEntry]) -> Iterator[TeamMember]:
    """The member as it is, and as it was before each of the entries, which are newest first."""
    former = copy(member)
    yield former
    for entry in entries:
        former = copy(former)
        for name in entry.changes.keys() & set(TeamMember.named_by):
            before = entry.changes[name]["before"]
            setattr(former, name, before if name == "number" else before or "")
        yield former
