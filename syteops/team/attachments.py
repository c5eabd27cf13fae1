"""What other apps attach to a team member, such as roles: taken when the member is deleted.

An app that is built on the team declares here what it attaches, so that the team need not know it.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from syteops.core.actors import Actor
from syteops.core.entities import Entity
from syteops.team.models import TeamMember


@dataclass(frozen=True)
class Attachment:
    """One kind of thing that a member holds.

    `attribute` is the member's with the names that it holds, which are shown with it.
    `names_of_many` tells which members hold, by their primary keys, in one query; `detach` takes
    all that one holds and returns their names, and `attach` gives some back. `operation` is what
    giving one back amounts to, such as `roles.assign`.
    `moved_since` tells the primary keys of the members who got or lost one since a moment.
    """

    name: str
    model: type[Entity]
    attribute: str
    operation: str
    names_of_many: Callable[[list[int]], dict[int, list[str]]]
    detach: Callable[[Actor, TeamMember], list[str]]
    attach: Callable[[Actor, TeamMember, Collection[Any]], None]
    moved_since: Callable[[datetime], set[int]]

    def names(self, member: TeamMember) -> list[str]:
        """Which the member holds now."""
        return self.names_of_many([member.pk])[member.pk]


_attachments: dict[str, Attachment] = {}


def register(attachment: Attachment) -> None:
    """Let members hold that kind of thing."""
    _attachments[attachment.name] = attachment


def all_attachments() -> dict[str, Attachment]:
    """Every kind of thing that members hold, by name."""
    return dict(_attachments)
