"""Audit entries as the Manage API shows them."""

from typing import Any, TypedDict

from rest_framework import serializers

from manage_api.fields import MomentField
from syteops.audit.models import AuditEntry, Outcome
from syteops.core.actors import ActorKind, Channel
from syteops.history.visibility import changes_visible_to


class AuditActorSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=list(ActorKind), source="actor_kind")
    id = serializers.CharField(source="actor_id")
    label = serializers.CharField(source="actor_label")  # type: ignore[assignment]


class FieldChangeSerializer(serializers.Serializer[Any]):
    """A field before and after. Secrets show as words."""

    before = serializers.JSONField(allow_null=True, help_text="Nothing (null) if it is new.")
    after = serializers.JSONField(allow_null=True, help_text="Nothing (null) if it is gone.")


class AuditEntrySerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    at = MomentField()
    outcome = serializers.ChoiceField(choices=Outcome.choices)
    actor = AuditActorSerializer(source="*")
    door = serializers.ChoiceField(choices=list(Channel))
    operation = serializers.CharField(help_text="Such as `crm.update`.")
    event = serializers.CharField(help_text="Such as `crm_system.updated`.")
    resource = serializers.CharField(source="object_resource")
    object = serializers.CharField(source="object_id", help_text="Its identifier.")
    object_label = serializers.CharField(help_text="Its name at that time.")
    changes = serializers.DictField(
        child=FieldChangeSerializer(), help_text="Each changed field, before and after."
    )
    code = serializers.CharField(help_text="Why it was refused, if it was.")
    request_id = serializers.CharField()
    address = serializers.CharField(help_text="The client's address, as far as it is known.")

    def to_representation(self, instance: AuditEntry) -> Any:
        """Without values of other resources that the reader may not read."""
        changes = changes_visible_to(self.context["reader"], instance)
        return {**super().to_representation(instance), "changes": changes}


class AuditExportSerializer(serializers.Serializer[Any]):
    entries = AuditEntrySerializer(many=True)


class RevertImpact(TypedDict, total=False):
    """What undoing changes, and what goes if that means to delete."""

    event: str
    object: str
    changes: dict[str, Any]
    deletion: dict[str, Any]


class RevertedSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(help_text="The entry that was undone.")
    reverted = serializers.BooleanField()
    resource = serializers.CharField()
    object = serializers.CharField(
        help_text="Its identifier now; a restored object may have another number than before."
    )
