"""Where something about a member is kept beside the member's own row, so that it can be erased.

An app that keeps such things says so in its `erasure.py`, so that the team need not know it.
"""

from collections.abc import Callable
from typing import TypeVar

from syteops.core.actors import Actor
from syteops.team.models import TeamMember

Forget = TypeVar("Forget", bound=Callable[[Actor, TeamMember], int])
_places: dict[str, Callable[[Actor, TeamMember], int]] = {}


def forgets(place: str) -> Callable[[Forget], Forget]:
    """Enter a service that clears what `place` keeps about a member; it answers how much."""

    def enter(service: Forget) -> Forget:
        _places[place] = service
        return service

    return enter


def all_places() -> dict[str, Callable[[Actor, TeamMember], int]]:
    """The service of every place, by name."""
    return dict(_places)
