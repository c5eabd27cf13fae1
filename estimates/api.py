"""Estimates over the Manage API."""

from typing import Any

from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

import manage_api
from estimates import queries, services
from estimates.choices import EstimateStatus
from estimates.filters import EstimateFilter
from estimates.models import Estimate
from estimates.serializers import (
    EstimateAnswerInput,
    EstimateSerializer,
    EstimateWithLinkSerializer,
)
from manage_api.operations import operation
from manage_api.viewsets import EntityViewSet
from syteops.core.entities import by_slots
from syteops.crm.models import CrmSystem


@manage_api.register("estimates", resource="estimates_items")
class EstimateViewSet(EntityViewSet):
    queryset = queries.estimates()
    serializer_class = EstimateWithLinkSerializer
    list_serializer_class = EstimateSerializer
    lookup_url_kwarg = "id"
    services = services
    rereads = True
    deletion_impact = staticmethod(queries.deletion_impact)
    filterset_class = EstimateFilter
    search_fields = queries.SEARCHED
    ordering_fields, ordering = queries.ORDERINGS, "-updated_at"
    summaries = {"create": "Write an estimate"}
    descriptions = {
        "retrieve": "Once it is sent, `client_url` is the page on which the client answers.",
        "create": "A draft under the next number of this year. Numbers are given without gaps, "
        "once.",
        "partial_update": "Drafts only. Line items are sent whole: what the list leaves out goes.",
        "destroy": "Not one that is sent or approved. Its number is never given again.",
    }

    def get_values(self, instance: Estimate | None = None) -> dict[str, Any]:
        if not self.validated.get("crm_system"):
            return self.validated
        path = ("crm_num",)
        found = by_slots(CrmSystem, {path: self.validated["crm_system"]})
        return {**self.validated, "crm_system": found[path]}

    @action(detail=True, methods=["post"])
    @operation("Send an estimate", output=EstimateSerializer)
    def send(self, request: Request, id: str) -> Response:
        """Freezes it and makes the client's link: read the estimate for its `client_url`. No
        e-mail is sent. Needs a client e-mail address and a line item."""
        return self.show(services.send_estimate(self.actor, self.get_object()))

    @action(detail=True, methods=["post"])
    @operation("Approve an estimate", input=EstimateAnswerInput, output=EstimateSerializer)
    def approve(self, request: Request, id: str) -> Response:
        """On the client's behalf."""
        return self._record_answer(EstimateStatus.APPROVED)

    @action(detail=True, methods=["post"])
    @operation("Decline an estimate", input=EstimateAnswerInput, output=EstimateSerializer)
    def decline(self, request: Request, id: str) -> Response:
        """On the client's behalf."""
        return self._record_answer(EstimateStatus.DECLINED)

    @action(detail=True, methods=["post"])
    @operation("Revise an estimate", output=EstimateSerializer)
    def revise(self, request: Request, id: str) -> Response:
        """A new draft of the same number, with the same contents, in place of one that was sent.
        The client's old link then says so. The answer is the new estimate."""
        return self.show(services.revise_estimate(self.actor, self.get_object()))

    def _record_answer(self, status: EstimateStatus) -> Response:
        estimate = self.get_object()
        return self.show(services.answer_estimate(self.actor, estimate, status, **self.validated))
