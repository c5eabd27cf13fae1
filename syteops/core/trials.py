"""Work that is done to see what it would do, and taken back: dry runs, predictions."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import transaction

_is_trial: ContextVar[bool] = ContextVar("is_trial", default=False)


@contextmanager
def trial() -> Iterator[None]:
    """Take back whatever is stored meanwhile. None of it is signed: it never happened."""
    token = _is_trial.set(True)
    try:
        with transaction.atomic():
            yield
            transaction.set_rollback(True)
    finally:
        _is_trial.reset(token)


def is_trial() -> bool:
    """Whether what is stored now will be taken back."""
    return _is_trial.get()
