"""All variables at once over the Manage API: exported, and told anew."""

from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from manage_api.base import ManageViewSet
from manage_api.calls import Document
from manage_api.concurrency import etag_of_data
from manage_api.operations import Access, operation
from syteops.automation import queries, services
from syteops.automation.export import as_env
from syteops.automation.serializers import ExportInput, ResyncSerializer, VariablesExportSerializer


class ExportMixin(ManageViewSet):
    """`export` and `resync`: what a receiver needs that keeps a copy of all variables."""

    @action(detail=False)
    @operation(
        "Export all variables",
        input=ExportInput,
        output=VariablesExportSerializer,
        documents={"text/plain": "env"},
    )
    def export(self, request: Request) -> Response:
        """Every name and value in one flat document. Poll it with If-None-Match: an unchanged
        catalogue answers 304."""
        exported = queries.exported()
        if self.validated.get("format") == "env":
            return Response(Document(as_env(exported), "text/plain; charset=utf-8"))
        return Response(exported)

    @action(detail=False, methods=["post"])
    @operation("Tell all variables anew", access=Access.WRITE, output=ResyncSerializer)
    def resync(self, request: Request) -> Response:
        """Soon a `variables.changed` names every variable, and automation push sends the full set:
        for receivers that may have missed something. No value changes. The answer says how many
        variables there are, with a digest to compare."""
        services.resync(self.actor)
        exported = queries.exported()
        digest = etag_of_data(exported).strip('"')
        return Response({"resynced": True, "count": len(exported), "digest": digest})
