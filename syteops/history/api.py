"""The audit trail over the Manage API."""

from typing import Any, TypedDict, cast

from django.db.models import QuerySet
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

import manage_api
from manage_api.calls import Call, Document
from manage_api.disclosure import disclosed_impact
from manage_api.execution import impact_of
from manage_api.filters import FilterBackend
from manage_api.operations import Operation, operation
from manage_api.viewsets import ListMixin
from syteops.audit import queries
from syteops.audit.models import AuditEntry
from syteops.core.errors import Protected
from syteops.history.export import FORMATS, AuditExportInput, refuse_too_much
from syteops.history.filters import AuditFilter
from syteops.history.reverting import revert
from syteops.history.rights import operations_to_undo
from syteops.history.serializers import (
    AuditEntrySerializer,
    AuditExportSerializer,
    RevertedSerializer,
)
from syteops.history.undo import MADE
from syteops.history.undoable import undo_of, verb_of, why_never
from syteops.history.visibility import changes_visible_to, visible_to


class RevertImpact(TypedDict, total=False):
    """What undoing changes, and what goes if that means to delete."""

    event: str
    object: str
    changes: dict[str, Any]
    deletion: dict[str, Any]


@manage_api.register("audit", resource="audit")
class AuditViewSet(ListMixin):
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

    @action(detail=True, methods=["post"])
    @operation("Undo a change", destructive=True, output=RevertedSerializer)
    def revert(self, request: Request, id: str) -> Response:
        """Puts the object back to before that change, as a change of its own; a deleted object
        comes back. Needs the scope of what it amounts to, such as `crm:delete`, as well. Refused
        with 409 when a later change stands in the way."""
        entry = self.get_object()
        public_id = revert(self.actor, entry)
        reverted = {"id": entry.pk, "reverted": True, "resource": entry.object_resource}
        return Response({**reverted, "object": public_id})

    def revert_impact(self) -> RevertImpact:
        entry = self.get_object()
        if reason := why_never(entry):
            raise Protected(reason)
        changes = changes_visible_to(self.principal, entry)
        impact = {"event": entry.event, "object": entry.object_id, "changes": changes}
        return cast(RevertImpact, impact | self._deletion_impact(entry))

    def get_queryset(self) -> QuerySet[AuditEntry]:
        return visible_to(self.principal, AuditEntry.objects.all())

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "reader": self.principal}

    def get_object(self) -> AuditEntry:
        # To others it does not exist: not even that there is such an entry is theirs to know.
        return queries.get_entry(self.kwargs["id"], self.get_queryset())

    def effects(self) -> list[Operation]:
        """What undoing amounts to. What the entry tells is for those alone who may do that."""
        return operations_to_undo(self.get_object()) if self.operation.writes else []

    def _deletion_impact(self, entry: AuditEntry) -> dict[str, Any]:
        """What deleting the object would take away, where undoing the change means that."""
        undo = undo_of(entry)
        live = undo.live(entry.object_pk) if undo and verb_of(entry) in MADE else None
        if live is None:
            return {}
        [deletion] = operations_to_undo(entry)
        path = {deletion.viewset.lookup_name(): live.public_id}
        view = deletion.viewset.for_operation(deletion, self, path, Call({}))
        return {"deletion": disclosed_impact(view, impact_of(view))}
