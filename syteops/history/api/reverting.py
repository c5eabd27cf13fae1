"""Undoing a change over the Manage API."""

from typing import Any, cast

from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from manage_api.calls import Call
from manage_api.disclosure import disclosed_impact
from manage_api.execution import impact_of
from manage_api.operations import Operation, operation
from manage_api.viewsets import StandardViewSet
from syteops.audit.models import AuditEntry
from syteops.core.errors import Protected
from syteops.history.reverting import revert
from syteops.history.rights import operations_to_undo
from syteops.history.serializers import RevertedSerializer, RevertImpact
from syteops.history.undo import MADE
from syteops.history.undoable import undo_of, verb_of, why_never
from syteops.history.visibility import changes_visible_to


class RevertMixin(StandardViewSet):
    """`revert`: the object as it was before a change, for who may make that change."""

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
