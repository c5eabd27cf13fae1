"""How much AI was used, over the Manage API."""

from rest_framework.request import Request
from rest_framework.response import Response

import manage_api
from manage_api.base import ManageViewSet
from manage_api.operations import operation
from manage_api.serializers import listing
from syteops.ai import queries
from syteops.ai.api.providers import AiProviderViewSet
from syteops.ai.models import AiUsage
from syteops.ai.serializers import AiUsageInput, AiUsageSerializer


@manage_api.register("ai/usage", resource="ai")
class AiUsageViewSet(ManageViewSet):
    about, title = AiProviderViewSet.about, AiProviderViewSet.title
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
