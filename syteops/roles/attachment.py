"""Roles as what team members hold."""

from syteops.roles.models import Role
from syteops.roles.queries import members_moved_since, slugs_of_many
from syteops.roles.services import give_back, unassign_everywhere
from syteops.team.attachments import Attachment, register

register(
    Attachment(
        "roles",
        Role,
        attribute="role_slugs",
        operation="roles.assign",
        names_of_many=slugs_of_many,
        detach=unassign_everywhere,
        attach=give_back,
        moved_since=members_moved_since,
    )
)
