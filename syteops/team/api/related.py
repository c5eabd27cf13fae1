"""Showing members over the Manage API without asking what is known."""

from typing import Any

from manage_api.viewsets import StandardViewSet
from syteops.team import queries
from syteops.team.models import TeamMember


class RelatedMixin(StandardViewSet):
    """A new member holds nothing. Of one that is changed, roles and identifiers were read for the
    precondition, a moment ago: whoever takes a role away since comes after this change.
    """

    def load(self, instances: list[TeamMember]) -> Any:
        if not self.validated.get("crm_ids"):
            if self.operation.endpoint == "create":
                return queries.with_nothing_related(instances)
            if self.operation.endpoint == "partial_update" and queries.have_related(instances):
                return instances
        return super().load(instances)
