"""Integrations and their secrets over the Manage API."""

from syteops.integrations.api.integrations import IntegrationViewSet

__all__ = ["IntegrationViewSet"]
