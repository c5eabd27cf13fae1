"""Estimates over the Manage API."""

from typing import Any

import manage_api
from estimates import queries, services
from estimates.api.status import StatusMixin
from estimates.api.templates import TemplatesMixin
from estimates.filters import EstimateFilter
from estimates.models import Estimate
from estimates.serializers import (
    OPERATION_FOR,
    EstimateCreateInput,
    EstimateSerializer,
    EstimateUpdateInput,
    EstimateWithLinkSerializer,
)
from manage_api.viewsets import EntityViewSet
from syteops.ai.viewsets import SuggestionsMixin
from syteops.core.errors import Invalid
from syteops.crm.models import CrmSystem


@manage_api.register("estimates", resource="estimates_items")
class EstimateViewSet(StatusMixin, TemplatesMixin, SuggestionsMixin, EntityViewSet):
    about = "Offers to clients, from the draft to the answer."
    queryset = queries.estimates()
    serializer_class = EstimateWithLinkSerializer
    list_serializer_class = EstimateSerializer
    create_serializer_class = EstimateCreateInput
    input_serializer_class = EstimateUpdateInput
    lookup_url_kwarg = "id"
    services = services
    slots = {"crm_system": ("crm_num", CrmSystem)}
    rereads = True
    deletion_impact = staticmethod(queries.deletion_impact)
    changed_with = staticmethod(queries.changed_with)
    fitting = staticmethod(queries.fitting)
    filterset_class, search_fields = EstimateFilter, queries.SEARCHED
    ordering_fields, ordering = queries.ORDERINGS, "-updated_at"
    summaries = {"create": "Write an estimate"}
    descriptions = {
        "retrieve": "Once it is sent, `client_url` is the page on which the client answers.",
        "create": "A draft under the next number. Numbers are given without gaps, once; "
        "templates are counted by themselves.",
        "partial_update": "Drafts only. Line items are sent whole: what the list leaves out goes.",
        "destroy": "Not one that is sent or approved. Its number is never given again.",
    }

    def get_values(self, instance: Estimate | None = None) -> dict[str, Any]:
        """The input; the status of one that there is may be sent as it is, and changes nothing."""
        values = super().get_values(instance)
        status = values.pop("status", None)
        if status is None:
            return values
        if instance is None or self.action == "copy":
            return {**values, "status": status}
        if status != instance.current_status:
            raise Invalid.field("status", OPERATION_FOR[status], "read_only")
        return values
