from typing import ClassVar

from syteops.lib.entities import Numbered


class TeamMember(Numbered):
    """A person who works on or with the site."""

    resource: ClassVar[str] = "users"
    noun: ClassVar[str] = "team_member"
