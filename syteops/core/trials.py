"""Work that is done to see what it would do, and taken back: dry runs, predictions."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

from django.db import models, transaction


class Touched(NamedTuple):
    """An object that was stored or deleted; `names` are those of the values that were changed,
    also of such as are stored elsewhere, where it is known that it was no others."""

    model: type[models.Model]
    resource: str
    pk: Any
    names: frozenset[str] = frozenset()


_touched: ContextVar[dict[Touched, None] | None] = ContextVar("touched", default=None)
_is_recorded: ContextVar[bool] = ContextVar("is_recorded", default=True)


@contextmanager
def trial(*, recorded: bool = True) -> Iterator[None]:
    """Take back whatever is stored meanwhile. None of it is signed: it never happened.

    Without `recorded` the trail has no entry of it even meanwhile, which is half of the work where
    very many objects change: for who looks at nothing that is told by the trail.
    """
    token, was_recorded = _touched.set({}), _is_recorded.set(recorded)
    try:
        with transaction.atomic():
            yield
            transaction.set_rollback(True)
    finally:
        _is_recorded.reset(was_recorded)
        _touched.reset(token)


def is_recorded() -> bool:
    """Whether the trail is to have an entry of what is stored now."""
    return _is_recorded.get()


def is_trial() -> bool:
    """Whether what is stored now will be taken back."""
    return _touched.get() is not None


def touched() -> list[Touched]:
    """What this trial has stored or deleted until now."""
    return list(_touched.get() or ())


def note_touched(one: Touched) -> None:
    """Let a trial know, if there is one."""
    noted = _touched.get()
    if noted is not None:
        noted[one] = None
