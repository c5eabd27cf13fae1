"""Names and addresses to sign in with: no two names that people take for one, and nothing that is
kept for somebody else, by whatever door they come."""

from collections.abc import Callable, Collection, Iterable
from itertools import chain
from typing import Any, TypeVar

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import connection

from syteops.audit.words import NOT_PEOPLE
from syteops.core.errors import Invalid, field_errors
from syteops.core.locks import transaction_lock
from syteops.lib.folding import fold
from syteops.lib.lookalikes import looks_of, mixes_scripts
from syteops.lib.text import is_blank, validate_line

TAKEN = "Somebody has this name or address, or one that looks like it. Choose another one."
Reserves = TypeVar("Reserves", bound=Callable[[], Iterable[str]])
_reserving: list[Callable[[], Iterable[str]]] = []


def reserves_addresses(query: Reserves) -> Reserves:
    """Keep the addresses that the query answers for those who are still to come."""
    _reserving.append(query)
    return query


def lock_names() -> None:
    """Let nobody else take a name or an address until this transaction ends.

    Before rows are locked, and before `lock_superusers`: so no two wait for each other.
    """
    if connection.in_atomic_block:
        transaction_lock("people.usernames")


def is_anybodys(text: str, but: Any = None) -> bool:
    """Whether somebody has that name or address, or one that looks like it; `but` whom."""
    others = User.objects.exclude(pk=but).values_list("username", "email")
    return _is_among(text, chain.from_iterable(others))


def is_reserved(text: str) -> bool:
    """Whether that is the address of somebody who is still to come, or looks like it."""
    return _is_among(text, chain.from_iterable(query() for query in _reserving))


def _is_among(text: str, others: Iterable[str]) -> bool:
    looks = looks_of(text)
    return not all(looks.isdisjoint(looks_of(one)) for one in others if one)


def require_own_name(user: User, mine: str = "") -> None:
    """Raise ValidationError for a name that is nobody's to see, or somebody else's, also in other
    case or accents, with letters that nobody sees or that look like others, or the address of
    somebody else: whoever reads the audit trail would take one for the other. No word of it mixes
    scripts for that. `mine` is the address that was kept for this person.

    Within a transaction it stays so until that ends: nobody else takes such a name meanwhile.
    """
    name = user.get_username()
    validate_line(name)
    if is_blank(name):
        raise ValidationError("Write a name that can be seen.", "required")
    lock_names()
    is_anothers = fold(name) != fold(mine) and is_reserved(name)
    if is_anothers or _seems_the_site(name) or is_anybodys(name, user.pk):
        raise ValidationError(TAKEN, "unique")
    if mixes_scripts(name):
        raise ValidationError("Write each word in the letters of one script.", "invalid")


def _seems_the_site(name: str) -> bool:
    """Whether it looks like what the trail calls the site. That name itself it shows in quotes."""
    return fold(name) not in NOT_PEOPLE and not NOT_PEOPLE.isdisjoint(looks_of(name))


def require_own_address(user: User, mine: str = "") -> None:
    """Raise ValidationError for an address that is kept for somebody else, or by which somebody
    else is called. Two people may share one otherwise."""
    lock_names()
    names = User.objects.exclude(pk=user.pk).values_list("username", flat=True)
    is_anothers = fold(user.email) != fold(mine) and is_reserved(user.email)
    if user.email and (is_anothers or _is_among(user.email, names)):
        raise ValidationError(TAKEN, "unique")


def clean_person(user: User, columns: Collection[str] | None = None, mine: str = "") -> None:
    """Raise Invalid unless these columns of a person, or all of them, hold what they may.

    Whatever stores a person without a form asks this, in the transaction that stores. `mine` as for
    `require_own_name`.
    """
    others = {field.name for field in user._meta.concrete_fields} - {*(columns or ())}
    try:
        for name, require in _OWN.items():
            if columns is None or name in columns:
                _require(name, require, user, mine)
        user.full_clean(exclude=others if columns is not None else None)
    except ValidationError as error:
        raise Invalid(field_errors(error)) from error


_OWN = {"username": require_own_name, "email": require_own_address}


def _require(name: str, require: Callable[[User, str], None], user: User, mine: str) -> None:
    try:
        require(user, mine)
    except ValidationError as error:
        raise ValidationError({name: error}) from error
