"""Where something about a member is kept beside the member's own row, so that it can be erased.

An app that keeps such things says so in its `erasure.py`, so that the team need not know it. So
does one whose answers show a member's name: the API keeps them for a day, for those who ask again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import transaction

from syteops.core.actors import Actor
from syteops.core.locks import shared_transaction_lock, transaction_lock
from syteops.lib.text import cut
from syteops.team.models import TeamMember

Forget = TypeVar("Forget", bound=Callable[[Actor, TeamMember], int])
_places: dict[str, Callable[[Actor, TeamMember], int]] = {}


def forgets(place: str) -> Callable[[Forget], Forget]:
    """Enter a service that clears what `place` keeps about a member; it answers how much."""

    def enter(service: Forget) -> Forget:
        _places[place] = service
        return service

    return enter


def begin_erasure() -> None:
    """Have who waits for erasures wait until this transaction ends."""
    transaction_lock(_ERASING)


@transaction.atomic
def wait_for_erasures() -> None:
    """Have all end that are under way: what is read from now on holds nothing that they take.

    What will be made of it must have its place in the database before, where a later one finds it.
    """
    shared_transaction_lock(_ERASING)


_ERASING = "erasures"


@dataclass(frozen=True)
class Traces:
    """By what answers told of a member: the permanent id, and each number and name it ever had."""

    pk: int
    numbers: frozenset[str]
    names: frozenset[str]
    """As the audit trail keeps them, which cuts a long one."""

    def has_name(self, text: str | None) -> bool:
        """Whether the member is or was called that."""
        return text is not None and cut(text, LONGEST_LABEL) in self.names


LONGEST_LABEL = 200
Clear = Callable[[Traces, dict[str, Any]], dict[str, Any]]
_answers: dict[str, Clear] = {}


def clears_answers(resource: str) -> Callable[[Clear], Clear]:
    """Enter what takes a member out of an object of `resource` as the API answered with it.

    The object still fits its schema afterwards, and keeps its own ids. Answers that hold none of
    the member's names are not asked about.
    """

    def enter(clear: Clear) -> Clear:
        _answers[resource] = clear
        return clear

    return enter


def all_answers() -> dict[str, Clear]:
    """What clears the answers of each resource that shows members."""
    return dict(_answers)


def all_places() -> dict[str, Callable[[Actor, TeamMember], int]]:
    """The service of every place, by name."""
    return dict(_places)
