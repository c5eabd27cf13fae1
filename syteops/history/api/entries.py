"""The audit trail over the Manage API."""

from typing import Any

from django.db.models import QuerySet

import manage_api
from manage_api.filters import FilterBackend
from syteops.audit import queries
from syteops.audit.models import AuditEntry
from syteops.history.api.exporting import ExportMixin
from syteops.history.api.reverting import RevertMixin
from syteops.history.filters import AuditFilter
from syteops.history.serializers import AuditEntrySerializer
from syteops.history.visibility import visible_to


@manage_api.register("audit", resource="audit")
class AuditViewSet(ExportMixin, RevertMixin):
    about = "Who changed what, when and how; and undoing it."
    title = "Audit trail"
    queryset = AuditEntry.objects.all()
    serializer_class = AuditEntrySerializer
    filter_backends = (FilterBackend,)
    filterset_class = AuditFilter
    lookup_url_kwarg = "id"
    list_name = "entries"
    why_no_sync = "Entries never change. Ask for since: it tells which are new."
    why_read_only = "The audit trail cannot be changed; a change can be reverted."
    summaries = {"list": "Read the audit trail"}
    descriptions = {
        "list": "Who changed what, when and through which door, newest first; refused attempts "
        "too.",
    }

    def get_queryset(self) -> QuerySet[AuditEntry]:
        return visible_to(self.principal, AuditEntry.objects.all())

    fitting = staticmethod(queries.fitting)

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "reader": self.principal}

    def get_object(self) -> AuditEntry:
        # To others it does not exist: not even that there is such an entry is theirs to know.
        return queries.get_entry(self.kwargs["id"], self.get_queryset())
