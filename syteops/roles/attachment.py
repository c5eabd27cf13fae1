"""Roles as what team members hold."""

from django.db.models import Prefetch

from syteops.roles.models import Role
from syteops.roles.queries import assignments, members_moved_since
from syteops.roles.services import give_back, unassign_everywhere
from syteops.team.attachments import Attachment, register

register(
    Attachment(
        "roles",
        Role,
        operation="roles.assign",
        names=lambda member: member.role_slugs,
        detach=unassign_everywhere,
        attach=give_back,
        prefetch=lambda: Prefetch("role_assignments", assignments()),
        moved_since=members_moved_since,
    )
)
