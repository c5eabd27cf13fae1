"""What serves each use of AI, over the Manage API."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

import manage_api
from manage_api.base import PathParam
from manage_api.viewsets import ListMixin, RetrieveMixin, UpdateMixin
from syteops.ai import queries, services
from syteops.ai.api.providers import AiProviderViewSet
from syteops.ai.models import AiAreaSettings
from syteops.ai.serializers import AiAreaInput, AiAreaSerializer


@manage_api.register("ai/areas", resource="ai")
class AiAreaViewSet(ListMixin, RetrieveMixin, UpdateMixin):
    about, title = AiProviderViewSet.about, AiProviderViewSet.title
    queryset = AiAreaSettings.objects.all()
    serializer_class, input_serializer_class = AiAreaSerializer, AiAreaInput
    lookup_url_kwarg = "area"
    lookup_help = PathParam(
        "Slug of an area, such as notes.summary.", "^[a-z][a-z0-9_]*([.][a-z][a-z0-9_]*)*$"
    )
    list_name = "areas"
    filter_backends = ()  # they are few, and in code
    pagination_class = None
    why_no_sync = AiProviderViewSet.why_no_sync
    actions = {"list": "list_areas", "retrieve": "get_area", "partial_update": "set_area"}
    descriptions = {
        "list": "The uses of AI on this site. Those of inactive modules are away.",
        "partial_update": "Provider, model and limits. A limit of null is none.",
    }

    def get_queryset(self) -> Any:
        return queries.list_areas()

    def get_object(self) -> Any:
        return queries.get_area_state(self.kwargs["area"], lock=self.locks)

    def partial_update(self, request: Request, **path: str) -> Response:
        values = {**self.validated, **queries.chosen_provider(self.validated)}
        services.update_ai_area(self.actor, self.get_object().settings, **values)
        return self.retrieve(request)
