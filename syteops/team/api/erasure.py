"""Erasing a person over the Manage API."""

from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from manage_api.base import ManageViewSet
from manage_api.operations import Access, operation
from manage_api.serializers import RowIdInput
from syteops.core.entities import get_any
from syteops.team import services
from syteops.team.models import TeamMember
from syteops.team.serializers import ErasedMemberSerializer


class ErasureMixin(ManageViewSet):
    """`erase`: a member, deleted or not, goes with all that is stored of them."""

    @action(detail=False, methods=["post"])
    @operation(
        "Erase a team member for good",
        input=RowIdInput,
        output=ErasedMemberSerializer,
        access=Access.ERASE,
        destructive=True,
    )
    def erase(self, request: Request) -> Response:
        """Row, roles, CRM identifiers, pictures, what notes and stored answers say of the member,
        and every value in the audit trail. It cannot be undone. The login is not erased, nor are
        texts that people wrote."""
        member = get_any(TeamMember, self.validated["id"], lock=True)
        return self.answer({**services.erase_team_member(self.actor, member), "erased": True})

    def erase_impact(self) -> services.TeamMemberEraseImpact:
        return services.predict_erasure(get_any(TeamMember, self.validated["id"], lock=True))
