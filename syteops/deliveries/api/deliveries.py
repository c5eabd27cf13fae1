"""The delivery log over the Manage API."""

from django.db.models import QuerySet
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

import manage_api
from manage_api.filters import FilterBackend
from manage_api.operations import operation
from manage_api.permissions import readable_resources
from manage_api.viewsets import ListMixin, RetrieveMixin
from syteops.deliveries import queries, serializers, services
from syteops.deliveries.api.destinations import DestinationsMixin
from syteops.deliveries.filters import DeliveryFilter
from syteops.deliveries.models import Delivery


@manage_api.register("deliveries", resource="deliveries")
class DeliveryViewSet(DestinationsMixin, ListMixin, RetrieveMixin):
    about = "What was sent to whom, what the receiver answered, and sending it again."
    title = "Deliveries"
    queryset = Delivery.objects.all()
    serializer_class = serializers.DeliveryDetailSerializer
    list_serializer_class = serializers.DeliverySerializer
    filter_backends = (FilterBackend,)
    filterset_class = DeliveryFilter
    lookup_url_kwarg = "id"
    list_name = "deliveries"
    why_no_sync = (
        "Ask for since, when a delivery was queued, and for state: what waits still changes. Poll "
        "destinations with If-None-Match."
    )
    summaries = {"list": "Read the delivery log"}
    descriptions = {"list": "The newest first. You see deliveries of events that you may read."}

    @action(detail=True, methods=["post"])
    @operation("Send a delivery once more")
    def resend(self, request: Request, id: str) -> Response:
        """With the same id, by which the receiver can tell. Refused while it is waiting. To others
        than those who may read its event there is no such delivery."""
        return self.apply(services.resend)

    def get_queryset(self) -> QuerySet[Delivery]:
        return queries.readable_deliveries(readable_resources(self.principal))
