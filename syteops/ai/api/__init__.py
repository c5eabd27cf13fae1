"""AI settings over the Manage API."""

from syteops.ai.api.areas import AiAreaViewSet
from syteops.ai.api.providers import AiProviderViewSet
from syteops.ai.api.usage import AiUsageViewSet

__all__ = ["AiAreaViewSet", "AiProviderViewSet", "AiUsageViewSet"]
