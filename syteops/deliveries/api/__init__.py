"""The delivery log and its destinations over the Manage API."""

from syteops.deliveries.api.deliveries import DeliveryViewSet

__all__ = ["DeliveryViewSet"]
