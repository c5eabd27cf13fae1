"""Webhooks over the Manage API."""

from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

import manage_api
from manage_api.operations import Access, Operation, operation
from manage_api.viewsets import EntityViewSet
from syteops.events.scopes import reads_needed
from syteops.webhooks import queries, services
from syteops.webhooks.models import Webhook
from syteops.webhooks.serializers import WebhookSerializer, WebhookWithSecretSerializer


@manage_api.register("webhooks", resource="webhooks")
class WebhookViewSet(EntityViewSet):
    about = "Addresses that are told of events, each with a signature."
    queryset = queries.all_webhooks()
    serializer_class = WebhookSerializer
    lookup_url_kwarg = "id"
    services = services
    search_fields = ("searched",)
    seals_answers = True
    descriptions = {
        "partial_update": "A URL of another origin (scheme, host, port) clears the secret: rotate "
        "it. To change URL or types, or activate it, needs the right to read what the events tell.",
        "destroy": "Nothing more is sent there, also nothing that is waiting.",
    }

    @operation("Add {a}", input=WebhookSerializer, output=WebhookWithSecretSerializer)
    def create(self, request: Request, **path: str) -> Response:
        """Answers the secret that signs. Needs the right to read what the events tell."""
        return super().create(request, **path)

    @action(detail=True, methods=["post"], url_path="rotate-secret")
    @operation("Rotate {a}'s secret", access=Access.SECRETS, output=WebhookWithSecretSerializer)
    def rotate_secret(self, request: Request, id: str) -> Response:
        """Answers the new secret. For 24 hours each message has a signature of the old one as
        well; to end a secret that got out at once, rotate twice."""
        return self.apply(services.rotate_secret)

    @action(detail=True, methods=["post"])
    @operation("Send a test event")
    def test(self, request: Request, id: str) -> Response:
        """A `webhook.tested` is sent there like any event, signed and with retries: look at
        `deliveries.list` for what came of it. Refused (`conflict`) where nothing is sent."""
        return self.apply(services.send_test)

    def effects(self) -> list[Operation]:
        """Reading what is sent there, where that, the address or that it is sent is decided."""
        before = self.get_object() if self.operation.action == "update" else Webhook()
        now = services.decisive(before)
        after = {name: self.validated.get(name, one) for name, one in now.items()}
        if not services.is_decided(now, after):
            return []
        return list(reads_needed(self.principal, after["types"]))
