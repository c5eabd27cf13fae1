"""Events as the feed shows them, and as they are sent."""

from collections.abc import Collection, Mapping
from typing import Any

from rest_framework import serializers

from manage_api.fields import MomentField
from syteops.audit.visibility import visible_changes
from syteops.core.actors import ActorKind
from syteops.events.catalogue import covered
from syteops.events.models import Event
from syteops.history.serializers import AuditActorSerializer, FieldChangeSerializer
from syteops.history.visibility import changes_visible_to


class ChangedVariablesSerializer(serializers.Serializer[Any]):
    changed = serializers.ListField(
        child=serializers.CharField(),
        help_text="Names of those that are new or have another value.",
    )
    removed = serializers.ListField(
        child=serializers.CharField(), help_text="Names of those that are gone."
    )
    full = serializers.BooleanField(
        help_text="Whether `changed` names every variable, as after `variables.resync`."
    )


class SiteEventDataSerializer(serializers.Serializer[Any]):
    sometimes = frozenset(("variables",))

    resource = serializers.CharField(help_text="What kind of object it is about, such as `crm`.")
    object = serializers.CharField(help_text='Its identifier, such as "001".')
    name = serializers.CharField(help_text="Its name at that time.")
    actor = AuditActorSerializer(help_text="Who did it.")
    changes = serializers.DictField(
        child=FieldChangeSerializer(),
        help_text="Each changed field, before and after. Of a secret only that it was set.",
    )
    variables = ChangedVariablesSerializer(
        required=False, help_text="Of `variables.changed`: which. Their values are not in it."
    )


class SiteEventSerializer(serializers.Serializer[Any]):
    id = serializers.CharField(help_text="Stays the same however often the event is sent.")
    type = serializers.CharField(help_text="Such as `crm_system.updated`.")
    timestamp = MomentField(help_text="When it happened.")
    data = SiteEventDataSerializer()  # type: ignore[assignment]

    def to_representation(self, instance: Event) -> Any:
        """Without values of other resources that the reader may not read."""
        entry = instance.entry
        changes = changes_visible_to(self.context["reader"], entry) if entry else {}
        return message_of(instance, changes)


def message_for(event: Event, patterns: Collection[str]) -> dict[str, Any]:
    """An event as it is sent to who wants events of these patterns.

    Without values of other resources, unless the patterns cover those too: whoever chose them may
    read what they cover, and perhaps nothing else (see `rights.require_readable`).
    """
    entry, resources = event.entry, covered(patterns)
    if entry is None:
        return message_of(event, {})
    reads = (lambda one: True) if resources is None else resources.__contains__
    return message_of(event, visible_changes(entry.changes, entry.object_resource, reads))


def message_of(event: Event, changes: Mapping[str, Any]) -> dict[str, Any]:
    """An event as the feed and every delivery tells it; `changes` are those the reader may see."""
    entry = event.entry
    actor = (
        {"kind": entry.actor_kind, "id": entry.actor_id, "label": entry.actor_label}
        if entry
        else {"kind": ActorKind.SYSTEM.value, "id": "", "label": ""}
    )
    data = {
        "resource": event.resource,
        "object": event.object_id,
        "name": entry.object_label if entry else "",
        "actor": actor,
        "changes": dict(changes),
    }
    if event.data:
        data["variables"] = event.data
    timestamp = MomentField().to_representation(event.at)
    return {"id": event.public_id, "type": event.type, "timestamp": timestamp, "data": data}
