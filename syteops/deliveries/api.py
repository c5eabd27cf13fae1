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
from syteops.deliveries.filters import DeliveryFilter
from syteops.deliveries.models import Delivery


@manage_api.register("deliveries", resource="deliveries")
class DeliveryViewSet(ListMixin, RetrieveMixin):
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

    @action(detail=False)
    @operation("Read how destinations stand", output=serializers.DestinationListSerializer)
    def destinations(self, request: Request) -> Response:
        """Each place where an integration sends events, and whether they arrive."""
        readable = readable_resources(self.principal)
        return self.answer({"destinations": queries.all_destinations(readable)})

    @action(detail=True, methods=["post"])
    @operation("Send a delivery once more")
    def resend(self, request: Request, id: str) -> Response:
        """With the same id, by which the receiver can tell. Refused while it is waiting. To others
        than those who may read its event there is no such delivery."""
        return self.apply(services.resend)

    @action(detail=False, methods=["post"], url_path="resend-since")
    @operation(
        "Send again what did not arrive",
        input=serializers.ResendSinceInput,
        output=serializers.ResentSerializer,
    )
    def resend_since(self, request: Request) -> Response:
        """What one destination did not get since a moment; `everything` also what it did get."""
        return self.answer({"resent": services.resend_since(self.actor, **self.validated)})

    @action(detail=False, methods=["post"])
    @operation(
        "Resume a paused destination",
        input=serializers.DestinationInput,
        output=serializers.DestinationSerializer,
    )
    def resume(self, request: Request) -> Response:
        """It gets what is waiting, beginning at once."""
        services.resume(self.actor, queries.locked_state(**self.validated))
        readable = readable_resources(self.principal)
        return self.answer(queries.get_destination(**self.validated, readable=readable))

    def get_queryset(self) -> QuerySet[Delivery]:
        return queries.readable_deliveries(readable_resources(self.principal))
