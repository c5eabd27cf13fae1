"""Variables that follow the roles: who holds which, and how to reach all who hold one."""

import json
from collections.abc import Iterator
from functools import cache, partial
from typing import Any

from django.db.models import Q, QuerySet

from syteops.core.variables import (
    About,
    Owner,
    Variable,
    family,
    is_begun_in,
    is_ended_in,
    only,
    owner,
)
from syteops.lib.folding import fold
from syteops.roles.models import Role, RoleAssignment
from syteops.roles.queries import HOLDING, holders_of_each, pairs_of
from syteops.team.models import TeamMember
from syteops.team.queries import (
    beyond_identifiers,
    live_members,
    named_members,
    published_values,
    with_related,
)
from syteops.team.told_texts import NAME, SLOT, Line, has_name, members_told, numbered_lines

HOLDER_PREFIXES = {
    "site_owner": "syteops_user_owner",
    "technical_contact": "syteops_user_contact_tech",
    "marketing_contact": "syteops_user_contact_marketing",
}
_CONTACT = "syteops_std_systm_contact"


def _holders() -> QuerySet[TeamMember]:
    return live_members().filter(role_assignments__role__slug__in=HOLDER_PREFIXES).distinct()


@family(
    "roles",
    "syteops_user_owner_*, syteops_user_contact_tech_*, syteops_user_contact_marketing_*",
    "Each filled field of the holder of a system role.",
)
def holder_variables(about: About = None) -> Iterator[Variable]:
    for member in with_related(only(_holders, about, roles="role_assignments__role")):
        for slug in sorted(HOLDER_PREFIXES.keys() & set(member.role_slugs)):
            what = slug.replace("_", " ")
            for field, value in published_values(member).items():
                name = f"{HOLDER_PREFIXES[slug]}_{field}"
                told = f"{field.replace('_', ' ')} of the {what}"
                yield Variable(name, value, told, of=(owner(member), (Role.resource, slug)))


def _custom() -> QuerySet[Role]:
    return Role.objects.filter(system=False)


def _beyond_holders(about: About) -> About:
    """Without roles of which only the holders were changed: each that came or went is touched."""
    if about is None:
        return None
    return [
        one
        for one in about
        if not (issubclass(one.model, Role) and one.names and one.names <= HOLDING)
    ]


_WHETHER, _IS = "whether ", " is "


def _members_having(text: str) -> QuerySet[Any, Any]:
    return members_told(text, _lines(text), has_name(text))


def _lines(text: str) -> Iterator[Line]:
    yield from numbered_lines(text)
    if text in "true":
        holding = RoleAssignment.objects.filter(role__system=False).values("member_id")
        yield Line("true", Q(pk__in=holding))
    if text in "false":
        yield Line("false")
    if is_begun_in(_WHETHER, text) or is_ended_in(_IS, text):
        yield Line(f"{_WHETHER}{NAME}{_IS}")
    for slug, name in _custom().values_list("slug", "name"):
        if is_ended_in(f"_is_{slug}", text, beyond="_"):
            yield Line(f"syteops_user_{SLOT}_is_{slug}")
        told = f"{_IS}{fold(name)}"
        if is_ended_in(told, text, beyond=_IS):
            yield Line(f"{_WHETHER}{NAME}{told}")


@family(
    "roles",
    "syteops_user_NNN_is_<role slug>",
    "Whether a member holds a custom role.",
    having=(TeamMember, _members_having),
)
def holding_variables(about: About = None) -> Iterator[Variable]:
    about = beyond_identifiers(about)
    roles = list(only(_custom, about, users=""))
    held = pairs_of([role.pk for role in roles]) if roles else ()
    owned = [(role, owner(role)) for role in roles]
    for member in only(named_members, _beyond_holders(about), roles="") if roles else ():
        begins, name, of = f"syteops_user_{member.slot}_is", str(member), owner(member)
        for role, of_role in owned:
            yield Variable(
                f"{begins}_{role.slug}",
                "true" if (role.pk, member.pk) in held else "false",
                f"Whether {name} is {role.name}",
                of=(of, of_role),
            )


def _all_roles() -> QuerySet[Role]:
    return Role.objects.all()


@family(
    "roles",
    "syteops_std_systm_contact_<role slug>_all_names, _all_emails, _slack, "
    "_all_names_json, _all_emails_json, _slack_json",
    "How to reach all who hold a role: separated by commas, or as a JSON array of texts, where a "
    "comma in a name is not one between two.",
)
def contact_variables(about: About = None) -> Iterator[Variable]:
    found = only(_all_roles, beyond_identifiers(about), users="assignments__member")
    # Each once, in however many roles: a hundred that a thousand hold are very many names.
    reached, quoted = cache(_reached), cache(partial(json.dumps, ensure_ascii=False))
    for role, holders in holders_of_each(found, "email", "slack_handle"):
        owners, *columns = zip(*map(reached, holders), strict=True) if holders else ((),)
        for (suffix, what), texts in zip(_WAYS, columns, strict=False):
            if filled := [text for text in texts if text]:
                name = f"{_CONTACT}_{role.slug}_{suffix}"
                described, of = f"{what} of all who are {role.name}", (owner(role), *owners)
                yield Variable(name, ", ".join(filled), described, of=of)
                array = f"[{', '.join(map(quoted, filled))}]"
                yield Variable(f"{name}_json", array, f"{described}, as a JSON array", of=of)


_WAYS = (("all_names", "Names"), ("all_emails", "E-mail addresses"), ("slack", "Slack handles"))


def _reached(member: TeamMember) -> tuple[Owner, str, str, str]:
    return owner(member), member.shown_name, member.email, member.slack_handle
