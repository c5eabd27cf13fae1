"""The audit trail over the Manage API."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from rest_framework import serializers

from manage_api.calls import Call
from manage_api.execution import authorise
from manage_api.operations import operation, register
from manage_api.pagination import paged
from manage_api.resources import Resource
from manage_api.serializers import PageInput, StrictCharField, StrictChoiceField, listing
from syteops.audit import queries
from syteops.audit.models import AuditEntry, Outcome
from syteops.core.actors import ActorKind, Channel
from syteops.core.errors import Protected
from syteops.history.reverting import revert
from syteops.history.rights import operations_to_undo
from syteops.history.undo import MADE, undo_of, verb_of, why_never


class AuditActorSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=list(ActorKind), source="actor_kind")
    id = serializers.CharField(source="actor_id")
    label = serializers.CharField(source="actor_label")  # type: ignore[assignment]


class AuditChangeSerializer(serializers.Serializer[Any]):
    before = serializers.JSONField(allow_null=True)
    after = serializers.JSONField(allow_null=True)


class AuditEntrySerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    at = serializers.DateTimeField()
    outcome = serializers.ChoiceField(choices=Outcome.choices)
    actor = AuditActorSerializer(source="*")
    door = serializers.ChoiceField(choices=list(Channel))
    operation = serializers.CharField(help_text="Such as `crm.update`.")
    event = serializers.CharField(help_text="Such as `crm_system.updated`.")
    resource = serializers.CharField(source="object_resource")
    object = serializers.CharField(source="object_id", help_text="Its identifier.")
    object_label = serializers.CharField(help_text="Its name at that time.")
    changes = serializers.DictField(
        child=AuditChangeSerializer(), help_text="Each changed field, before and after."
    )
    code = serializers.CharField(help_text="Why it was refused, if it was.")
    request_id = serializers.CharField()
    address = serializers.CharField(help_text="The client's address, as far as it is known.")


class RevertedSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(help_text="The entry that was undone.")
    reverted = serializers.BooleanField()
    resource = serializers.CharField()
    object = serializers.CharField(
        help_text="Its identifier now; a restored object may have another number than before."
    )


class MomentField(serializers.DateTimeField):
    """Any RFC 3339 time, also one that no database could hold in UTC."""

    def enforce_timezone(self, value: datetime) -> datetime:
        if value.tzinfo is None:
            self.fail("invalid", format="2026-01-31T12:00:00Z")
        try:
            return value.astimezone(UTC)
        except OverflowError:
            edge = datetime.min if value.year == 1 else datetime.max
            return edge.replace(tzinfo=UTC)


class AuditListInput(PageInput):
    actor = StrictCharField(
        required=False, max_length=200, help_text="Id or name of a person, key or command."
    )
    event = StrictCharField(
        required=False, max_length=100, help_text="Such as `crm_system.updated`."
    )
    outcome = StrictChoiceField(
        required=False, choices=Outcome.choices, help_text="`refused` are attempts only."
    )
    door = StrictChoiceField(required=False, choices=list(Channel), help_text="Where it came in.")
    resource = StrictCharField(required=False, max_length=50, help_text="Such as `crm`.")
    object = StrictCharField(required=False, max_length=200, help_text='Such as "001".')
    since = MomentField(required=False, help_text="Only what happened from then on.")
    until = MomentField(required=False, help_text="Only what happened before then.")


@register
class AuditTrail(Resource):
    resource = "audit"
    collection = "audit"
    model = AuditEntry
    why_read_only = "The audit trail cannot be changed; a change can be reverted."

    @operation(
        "Read the audit trail",
        input=AuditListInput,
        output=listing("entries", AuditEntrySerializer, paged=True),
    )
    def list(self, call: Call) -> Any:
        """Who changed what, when and through which door, newest first; refused attempts too."""
        found = queries.matching(call.values)
        return paged("entries", found, call.values, _shown)

    @operation(
        "Undo a change",
        method="POST",
        path="{id}/revert",
        destructive=True,
        output=RevertedSerializer,
    )
    def revert(self, call: Call) -> Any:
        """Puts the object back to before that change, as a change of its own; a deleted object
        comes back. Needs the scope of what it amounts to, such as `crm:delete`, as well. Refused
        with 409 when a later change stands in the way."""
        entry = _revertible(call)
        public_id = revert(call.actor, entry)
        told = {"id": entry.pk, "reverted": True, "resource": entry.object_resource}
        return {**told, "object": public_id}

    def revert_impact(self, call: Call) -> dict[str, Any]:
        entry = _revertible(call)
        told = {"event": entry.event, "object": entry.object_id, "changes": entry.changes}
        return told | _deletion_impact(call, entry)


def _revertible(call: Call) -> AuditEntry:
    """The entry, if the caller may undo it. What it tells is for those alone."""
    entry = queries.get_entry(call.path["id"])
    if reason := why_never(entry):
        raise Protected(reason)
    for needed in operations_to_undo(entry):
        authorise(call.caller, needed)
    return entry


def _deletion_impact(call: Call, entry: AuditEntry) -> dict[str, Any]:
    """What deleting the object would take away, where undoing the change means that."""
    undo = undo_of(entry)
    live = undo.live(entry.object_pk) if undo and verb_of(entry) in MADE else None
    if live is None:
        return {}
    [deletion] = operations_to_undo(entry)
    resource = deletion.resource_class()
    asked = replace(call, operation=deletion, path={resource.lookup: live.public_id})
    return {"deletion": getattr(resource, f"{deletion.action}_impact")(asked)}


def _shown(entries: list[AuditEntry]) -> Any:
    return AuditEntrySerializer(entries, many=True).data
