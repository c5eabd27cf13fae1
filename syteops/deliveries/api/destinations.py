"""Where deliveries go, over the Manage API: how destinations stand, and what they missed."""

from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from manage_api.base import ManageViewSet
from manage_api.operations import operation
from manage_api.permissions import readable_resources
from syteops.deliveries import queries, serializers, services


class DestinationsMixin(ManageViewSet):
    """Places where integrations send events: read, resumed, and sent again what they missed."""

    @action(detail=False)
    @operation("Read how destinations stand", output=serializers.DestinationListSerializer)
    def destinations(self, request: Request) -> Response:
        """Each place where an integration sends events, and whether they arrive."""
        readable = readable_resources(self.principal)
        return self.answer({"destinations": queries.all_destinations(readable)})

    @action(detail=False, methods=["post"], url_path="resend-since")
    @operation(
        "Send again what did not arrive",
        input=serializers.ResendSinceInput,
        output=serializers.ResentSerializer,
    )
    def resend_since(self, request: Request) -> Response:
        """What one destination did not get since a moment; `everything` also what it did get.

        That is of events that you may read, and 50,000 deliveries at most, the oldest: for those
        behind them, ask again.
        """
        return self.answer({"resent": services.resend_since(self.actor, **self.validated)})

    @action(detail=False, methods=["post"])
    @operation(
        "Resume a paused destination",
        input=serializers.DestinationInput,
        output=serializers.DestinationSerializer,
    )
    def resume(self, request: Request) -> Response:
        """It gets what is waiting, beginning at once. Needs the right to read what is sent."""
        services.resume(self.actor, queries.locked_state(**self.validated))
        readable = readable_resources(self.principal)
        return self.answer(queries.get_destination(**self.validated, readable=readable))
