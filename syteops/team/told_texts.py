"""Of which members a variable may have a text in its name, value or description.

Names and descriptions are made of fixed words with a member's number or name between them: few of
them can have the text at all, and only in these is it looked for, member by member.
"""

import re
from collections.abc import Iterable, Iterator
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

from django.db.models import CharField, Q, QuerySet
from django.db.models.functions import Cast

from syteops.core.entities import slot_of
from syteops.core.folding import may_contain
from syteops.core.variables import is_begun_in, is_ended_in
from syteops.crm.models import CrmIdentifier, CrmSystem
from syteops.lib.folding import fold
from syteops.team.models import PUBLISHED, TeamMember

SLOT, NAME = "\0", "\1"
"""What stand in a line for the number and for the name of a member; no folded text has them."""
EVERYBODY = ~Q(pk__in=())
_DIGITS = re.compile("[0-9]+")
_BEFORE, _OF = "syteops_user_", " of "
_NAMELESS = "team member "
_FULL_NAME = TeamMember._meta.get_field("full_name_folded")
_PUBLISHED = TeamMember._meta.get_field("published_folded")
_IDENTIFIER = CrmIdentifier._meta.get_field("identifier_folded")


class Line(NamedTuple):
    """What a variable tells, folded, and of whom: of some members, or those in a CRM system."""

    text: str
    members: Q = EVERYBODY
    system: int | None = None


def members_having(text: str) -> QuerySet[Any, Any]:
    """The members of whom a variable of their own may have the folded text, by number."""
    identified = CrmIdentifier.objects.filter(may_contain(_IDENTIFIER, text)).values("member_id")
    values = may_contain(_PUBLISHED, text) | Q(pk__in=identified)
    return members_told(text, _own_lines(text), values)


def has_name(text: str) -> Q:
    """Whether the text lies in the name of a member who has one."""
    nickname = Q(full_name_folded="") & may_contain(_PUBLISHED, text)
    return may_contain(_FULL_NAME, text) | nickname


def members_told(text: str, lines: Iterable[Line], otherwise: Q) -> QuerySet[Any, Any]:
    """The keys of the live members to whom a line is with the text, or what is said otherwise."""
    found = TeamMember.objects.filter(otherwise | Q(pk__among=_told(text, [*lines])))
    return found.order_by("number").values_list("pk", flat=True)


def numbered_lines(text: str) -> Iterator[Line]:
    """With how the name of each variable of a member begins, and with who has but a number."""
    if is_begun_in(_BEFORE, text) or text.rstrip("_").isdigit():
        yield Line(f"{_BEFORE}{SLOT}_")
    if is_begun_in(_NAMELESS, text) or text.isdigit():
        yield Line(f"{_NAMELESS}{SLOT}", Q(full_name_folded="", nickname=""))


def _told(text: str, lines: list[Line]) -> set[int]:
    if not lines:
        return set()
    systems = {one.system for one in lines if one.system}
    told = [one.members for one in lines if not one.system]
    known = CrmIdentifier.objects.filter(system__among=systems).values("member_id")
    members = TeamMember.objects.filter(reduce(or_, told, Q(pk__in=known)))
    template = "\n".join(one.text for one in lines)
    named = ("full_name_folded", "nickname") if NAME in template else ()
    digits = _DIGITS.findall(text)
    if digits and not (named or _DIGITS.search(template)):  # they can be of the number alone
        members = members.annotate(digits=Cast("number", CharField()))
        members = members.filter(digits__contains=digits[0].lstrip("0"))
    rows = members.values_list("pk", "number", *named)
    return {pk for pk, *told in rows.iterator() if _is_in(text, template, *told)}


def _is_in(text: str, template: str, number: int, *named: str) -> bool:
    slot = slot_of(number)
    told = template.replace(SLOT, slot)
    if not named:
        return text in told
    full_name, nickname = named
    name = full_name or fold(nickname) or f"{_NAMELESS}{slot}"
    is_cut = len(name) >= _FULL_NAME.longest - 1
    return is_cut or text in told.replace(NAME, name)


def _own_lines(text: str) -> Iterator[Line]:
    yield from numbered_lines(text)
    if is_begun_in(_OF, text):
        yield Line(f"{_OF}{NAME}")
    yield from _lines_of(text, "user_num", EVERYBODY)
    named = ("full_name", "first_name", "last_name")
    yield from _lines_of(text, "full_name", ~Q(**dict.fromkeys(named, "")))
    for name in PUBLISHED:
        yield from _lines_of(text, name, ~Q(**{name: ""}))
    for pk, number in CrmSystem.objects.values_list("pk", "number"):
        yield from _lines_of(text, f"crm_{slot_of(number)}_id", EVERYBODY, pk)


def _lines_of(text: str, field: str, *whose: Any) -> Iterator[Line]:
    """Those of a field that have the text, and not in what those of all fields have."""
    if is_ended_in(f"_{field}", text, beyond="_"):
        yield Line(f"{_BEFORE}{SLOT}_{field}", *whose)
    told = f"{field.replace('_', ' ')}{_OF}"
    if is_begun_in(told, text, beyond=_OF):
        yield Line(f"{told}{NAME}", *whose)
