"""AI providers and their keys over the Manage API."""

from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

import manage_api
from manage_api.base import ManageViewSet, PathParam
from manage_api.operations import Access, operation
from syteops.ai import queries, services
from syteops.ai.models import AiProvider
from syteops.ai.serializers import AiKeyInput, AiKeySerializer, AiProvidersSerializer


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
