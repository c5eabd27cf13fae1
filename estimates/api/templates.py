"""Copies and templates of estimates over the Manage API."""

from typing import Any

from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from estimates import queries, services
from estimates.choices import EstimateStatus
from estimates.serializers import EstimateCopyInput, EstimateSerializer
from manage_api.operations import operation
from manage_api.viewsets import StandardViewSet


class TemplatesMixin(StandardViewSet):
    """What an estimate is begun from."""

    def get_queryset(self) -> Any:
        """Templates are listed only where they are asked for."""
        found = super().get_queryset()
        wants = self.action != "list" or self.validated.get("status") == EstimateStatus.TEMPLATE
        return found if wants else found.filter(queries.NO_TEMPLATES)

    @action(detail=True, methods=["post"])
    @operation(
        "Copy an estimate", input=EstimateCopyInput, output=EstimateSerializer, permission="add"
    )
    def copy(self, request: Request, id: str) -> Response:
        """A new draft under a number of its own, or a template, which is without the client. A
        copy of a template is the draft that it was made for."""
        return self.apply(services.copy_estimate)
