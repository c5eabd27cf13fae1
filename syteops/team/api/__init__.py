"""Team members over the Manage API."""

from syteops.team.api.members import TeamMemberViewSet

__all__ = ["TeamMemberViewSet"]
