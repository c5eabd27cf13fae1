"""Team members over the Manage API."""

from typing import Any, ClassVar

import manage_api
from manage_api.operations import Operation
from manage_api.viewsets import EntityViewSet, RestoreMixin
from syteops.people.queries import SEES_LOGINS
from syteops.team import queries, services
from syteops.team.api.erasure import ErasureMixin
from syteops.team.api.related import RelatedMixin
from syteops.team.filters import TeamMemberFilter
from syteops.team.models import TeamMember
from syteops.team.serializers import TeamMemberInput, TeamMemberSerializer


@manage_api.register("team-members", resource="users")
class TeamMemberViewSet(RelatedMixin, ErasureMixin, RestoreMixin, EntityViewSet):
    about = "The people of the site, how to reach them, and what they are called elsewhere."
    queryset = queries.live_members()
    serializer_class = TeamMemberSerializer
    input_serializer_class = TeamMemberInput
    lookup_field, lookup_url_kwarg = "number", "user_num"
    list_name = "users"
    impact_reads = {"roles_unassigned": "roles"}
    services = services
    with_related = staticmethod(queries.with_related)
    related_values = staticmethod(queries.related_values)
    deletion_impact = staticmethod(queries.deletion_impact)
    changed_with = staticmethod(queries.changed_with)
    further_permissions: ClassVar = dict.fromkeys(("create", "partial_update"), SEES_LOGINS)
    filterset_class = TeamMemberFilter
    search_fields = queries.SEARCHED
    search_help = (
        "names, e-mail addresses, company, job title, telephone, city or CRM identifiers, or be "
        "the number (`002`)"
    )
    ordering_fields, ordering = queries.ORDERINGS, "user_num"
    ordering_tie_break = "number"
    descriptions = {
        "create": "Takes the lowest free number. Every field is optional.",
        "destroy": "Frees the number and takes the roles. The record can be restored by its `id`.",
        "restore": "Under the former number if that is free, else the next free one; without the "
        "roles.",
    }

    def effects(self) -> list[Operation]:
        """Whoever links a login learns which there are: that is for who may see them.

        Logins of members are seen with the members; a person needs the right to see all logins.
        """
        if self.validated.get("user") is None:
            return []
        return [self.further_right(self.operations["retrieve"])]

    def get_values(self, instance: TeamMember | None = None) -> dict[str, Any]:
        if (username := self.validated.get("user")) is None:
            return super().get_values(instance)
        return {**super().get_values(instance), "user": queries.user_named(username)}
