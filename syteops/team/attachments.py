"""What other apps attach to a team member, such as roles: taken when the member is deleted.

An app that is built on the team declares here what it attaches, so that the team need not know it.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Prefetch

from syteops.core.actors import Actor
from syteops.core.entities import Entity
from syteops.team.models import TeamMember


@dataclass(frozen=True)
class Attachment:
    """One kind of thing that a member holds.

    `names` tells which the member holds, `detach` takes all of them and returns their names, and
    `attach` gives some back. `operation` is what giving one back amounts to, such as
    `roles.assign`; `prefetch` fetches what `names` needs for many members in one query.
    `moved_since` tells the primary keys of the members who got or lost one since a moment.
    """

    name: str
    model: type[Entity]
    operation: str
    names: Callable[[TeamMember], list[str]]
    detach: Callable[[Actor, TeamMember], list[str]]
    attach: Callable[[Actor, TeamMember, Collection[Any]], None]
    prefetch: Callable[[], Prefetch]  # type: ignore[type-arg]
    moved_since: Callable[[datetime], set[int]]


_attachments: dict[str, Attachment] = {}


def register(attachment: Attachment) -> None:
    """Let members hold that kind of thing."""
    _attachments[attachment.name] = attachment


def all_attachments() -> dict[str, Attachment]:
    """Every kind of thing that members hold, by name."""
    return dict(_attachments)
