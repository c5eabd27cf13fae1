"""AI settings over the Manage API."""

from typing import Any

from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

import manage_api
from manage_api.base import ManageViewSet, PathParam
from manage_api.operations import Access, operation
from manage_api.serializers import listing
from manage_api.viewsets import ListMixin, RetrieveMixin, UpdateMixin
from syteops.ai import queries, services
from syteops.ai.models import AiAreaSettings, AiProvider, AiUsage
from syteops.ai.serializers import (
    AiAreaInput,
    AiAreaSerializer,
    AiKeyInput,
    AiKeySerializer,
    AiProvidersSerializer,
    AiUsageInput,
    AiUsageSerializer,
)


@manage_api.register("ai/providers", resource="ai")
class AiProviderViewSet(ManageViewSet):
    about = "Which AI provider and model serves which area, its keys and what was used."
    title = "AI"
    queryset = AiProvider.objects.all()
    why_no_sync = "This list is short and whole. Poll it with If-None-Match."
    serializer_class = AiKeySerializer
    lookup_field, lookup_url_kwarg = "slug", "provider"
    lookup_help = PathParam("Slug of a provider, such as openai.", "^[a-z][a-z0-9_-]{0,49}$")

    @operation("List the AI providers", action="get_providers", output=AiProvidersSerializer)
    def list(self, request: Request) -> Response:
        providers = list(queries.all_providers())
        default = next((one.slug for one in providers if one.is_default), None)
        return self.answer({"providers": providers, "default": default})

    @action(detail=True, methods=["put"], url_path="key")
    @operation("Store a provider's key", access=Access.SECRETS, input=AiKeyInput)
    def set_key(self, request: Request, provider: str) -> Response:
        """The first provider to get a key becomes the default one."""
        found = self.get_object()
        return self.answer(services.set_secrets(self.actor, found, **self.validated))

    @action(detail=True, methods=["delete"], url_path="key")
    @operation("Clear a provider's key", access=Access.SECRETS)
    def clear_key(self, request: Request, provider: str) -> Response:
        """Areas that this provider serves stop working."""
        return self.answer(services.clear_secrets(self.actor, self.get_object(), "api_key"))

    def clear_key_impact(self) -> queries.AiKeyClearImpact:
        return queries.clearing_impact(self.get_object())


@manage_api.register("ai/areas", resource="ai")
class AiAreaViewSet(ListMixin, RetrieveMixin, UpdateMixin):
    about = "Which AI provider and model serves which area, its keys and what was used."
    title = "AI"
    queryset = AiAreaSettings.objects.all()
    serializer_class, input_serializer_class = AiAreaSerializer, AiAreaInput
    lookup_url_kwarg = "area"
    lookup_help = PathParam(
        "Slug of an area, such as notes.summary.", "^[a-z][a-z0-9_]*([.][a-z][a-z0-9_]*)*$"
    )
    list_name = "areas"
    filter_backends = ()  # they are few, and in code
    pagination_class = None
    why_no_sync = "This list is short and whole. Poll it with If-None-Match."
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


@manage_api.register("ai/usage", resource="ai")
class AiUsageViewSet(ManageViewSet):
    about = "Which AI provider and model serves which area, its keys and what was used."
    title = "AI"
    queryset = AiUsage.objects.all()
    why_no_sync = "Ask for since, the first day: only the present day's usage still changes."

    @operation(
        "Show the AI usage",
        action="usage",
        input=AiUsageInput,
        output=listing("usage", AiUsageSerializer),
    )
    def list(self, request: Request) -> Response:
        """Requests and tokens per day (of the site's time zone), area, provider and model."""
        return self.answer({"usage": queries.usage(**self.validated)})
