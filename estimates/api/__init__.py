"""Estimates over the Manage API."""

from estimates.api.estimates import EstimateViewSet

__all__ = ["EstimateViewSet"]
