"""What the commands about people ask for, and how they refuse."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, OutputWrapper

from syteops.core.errors import DomainError, Invalid

_TRIES = 3


def ask_password(user: User, out: OutputWrapper) -> str:
    """A password, typed twice, that the rules accept. Raises CommandError after three tries."""
    for _ in range(_TRIES):
        password = getpass.getpass("Password: ")
        if password != getpass.getpass("Password (again): "):
            out.write("These are two different passwords. Try again.")
        elif problem := password_problem(password, user):
            out.write(problem)
        else:
            return password
    raise CommandError("Nothing was changed: no password was accepted.")


def password_problem(password: str, user: User) -> str:
    """Why the rules do not accept the password; "" if they do."""
    try:
        validate_password(password, user)
    except ValidationError as refused:
        return " ".join(refused.messages)
    return ""


@contextmanager
def refusals_told() -> Iterator[None]:
    """Raises CommandError, in words, for what a service refuses, or when nobody answers."""
    try:
        yield
    except (EOFError, KeyboardInterrupt):
        raise CommandError("Nothing was changed: nobody answered.") from None
    except DomainError as refusal:
        errors = refusal.errors if isinstance(refusal, Invalid) else [refusal]
        raise CommandError(" ".join(one.detail for one in errors)) from refusal
