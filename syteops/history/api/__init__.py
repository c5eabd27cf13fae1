"""The audit trail, and undoing, over the Manage API."""

from syteops.history.api.entries import AuditViewSet

__all__ = ["AuditViewSet"]
