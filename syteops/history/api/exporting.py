"""The audit trail in one answer, in JSON and other formats."""

from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from manage_api.calls import Document
from manage_api.operations import operation
from manage_api.viewsets import ListMixin
from syteops.history.export import FORMATS, AuditExportInput, refuse_too_much
from syteops.history.serializers import AuditExportSerializer


class ExportMixin(ListMixin):
    """`export`: what the list shows, with its filters and without pages."""

    @action(detail=False)
    @operation(
        "Export the audit trail",
        input=AuditExportInput,
        output=AuditExportSerializer,
        documents={one.media_type: name for name, one in FORMATS.items()},
    )
    def export(self, request: Request) -> Response:
        """The entries that `audit.list` shows, in one answer. More than 10,000 are refused, or
        more than 16 MB of changes: narrow them with `since` and `until`."""
        found = self.filter_queryset(self.get_queryset())
        refuse_too_much(found)
        chosen = FORMATS.get(self.validated.get("format", "json"))
        if chosen is None:
            return self.answer({"entries": found})
        text = "".join(chosen.write(found, self.principal))
        return Response(Document(text, f"{chosen.media_type}; charset=utf-8"))
