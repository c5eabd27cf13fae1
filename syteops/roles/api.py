"""Roles over the Manage API."""

from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

import manage_api
from manage_api.base import PathParam
from manage_api.operations import operation
from manage_api.viewsets import EntityViewSet
from syteops.core.identifiers import ROLE_SLUG
from syteops.roles import queries, serializers, services
from syteops.roles.models import Role
from syteops.team.models import TeamMember


@manage_api.register("roles", resource="roles")
class RoleViewSet(EntityViewSet):
    about = "Who does what, whoever that is at the moment."
    queryset = Role.objects.all()
    serializer_class = serializers.RoleAnswerSerializer
    input_serializer_class = list_serializer_class = serializers.RoleSerializer
    create_serializer_class = serializers.RoleCreateInput
    lookup_field = "slug"
    lookup_help = PathParam("Slug of a role, such as site_owner.", ROLE_SLUG)
    list_name = "roles"
    impact_reads = {"holders": "users"}
    pagination_class = None
    services = services
    slots = {"member": ("user_num", TeamMember)}
    with_related = staticmethod(queries.with_holders)
    fitting = staticmethod(queries.fitting)
    deletion_impact = staticmethod(queries.deletion_impact)
    descriptions = {
        "create": "The slug, given or made of the name, never changes, because variables are "
        "built on it.",
        "partial_update": "Name and constraint of a system role are fixed. A limit never falls "
        "below the holders.",
        "destroy": "Unassigns its holders. A system role cannot be deleted.",
    }

    @action(detail=True, methods=["post"])
    @operation(
        "Assign a role to a team member",
        input=serializers.RoleHolderInput,
        output=serializers.RoleHoldersSerializer,
    )
    def assign(self, request: Request, slug: str) -> Response:
        """A system role moves from its holder. Another one that is full refuses (`role_full`)."""
        return self.apply(services.assign)

    @action(detail=True, methods=["post"])
    @operation(
        "Take a role from a team member",
        input=serializers.RoleHolderInput,
        output=serializers.RoleHoldersSerializer,
    )
    def unassign(self, request: Request, slug: str) -> Response:
        """Changes nothing when the member does not hold the role."""
        return self.apply(services.unassign)
