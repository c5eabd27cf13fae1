"""What belongs to a commit: hooks that are done before it where that costs nobody anything."""

from collections.abc import Callable
from typing import TypeVar

Hook = TypeVar("Hook", bound=Callable[[], object])
_before_commit: set[Callable[[], object]] = set()


def before_commit_on_sqlite(hook: Hook) -> Hook:
    """Mark a robust `on_commit` hook as one that is part of the transaction on SQLite.

    A DatabaseError of it rolls everything back there; any other is logged, as ever.
    """
    _before_commit.add(hook)
    return hook


def is_before_commit(hook: Callable[[], object]) -> bool:
    """Whether it is marked so."""
    return hook in _before_commit
