"""Members that were just created, over the Manage API."""

from typing import Any

from manage_api.viewsets import StandardViewSet
from syteops.team import queries
from syteops.team.models import TeamMember


class NewMemberMixin(StandardViewSet):
    """Shows a new member without asking what it holds, where nothing was given to it."""

    def load(self, instances: list[TeamMember]) -> Any:
        if self.operation.endpoint == "create" and not self.validated.get("crm_ids"):
            return queries.with_nothing_related(instances)
        return super().load(instances)
