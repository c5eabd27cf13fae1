"""Names to sign in with: no two that people take for one, by whatever door they come."""

from collections.abc import Collection
from itertools import chain

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import connection

from syteops.core.errors import Invalid, field_errors
from syteops.core.locks import transaction_lock
from syteops.lib.folding import fold
from syteops.lib.text import is_blank, validate_line

TAKEN = "Somebody has this name or address, or one that looks like it. Choose another one."


def require_own_name(user: User) -> None:
    """Raise ValidationError for a name that is nobody's to see, or somebody else's, also in other
    case or accents, or with letters that nobody sees, or the address of somebody else: whoever
    reads the audit trail would take one for the other.

    Within a transaction it stays so until that ends: nobody else takes such a name meanwhile.
    """
    name = user.get_username()
    validate_line(name)
    if is_blank(name):
        raise ValidationError("Write a name that can be seen.", "required")
    if connection.in_atomic_block:
        transaction_lock("people.usernames")
    others = User.objects.exclude(pk=user.pk).values_list("username", "email")
    if fold(name) in map(fold, chain.from_iterable(others)):
        raise ValidationError(TAKEN, "unique")


def clean_person(user: User, columns: Collection[str] | None = None) -> None:
    """Raise Invalid unless these columns of a person, or all of them, hold what they may.

    Whatever stores a person without a form asks this, in the transaction that stores.
    """
    others = {field.name for field in user._meta.concrete_fields} - {*(columns or ())}
    try:
        if columns is None or "username" in columns:
            _require_named(user)
        user.full_clean(exclude=others if columns is not None else None)
    except ValidationError as error:
        raise Invalid(field_errors(error)) from error


def _require_named(user: User) -> None:
    try:
        require_own_name(user)
    except ValidationError as error:
        raise ValidationError({"username": error}) from error
