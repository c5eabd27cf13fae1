"""Roles as the Manage API shows and takes them."""

from typing import Any, ClassVar

from rest_framework import serializers

from manage_api.fields import SlotField, StrictCharField
from manage_api.serializers import StrictModelSerializer, StrictSerializer
from syteops.roles.choices import ConstraintType
from syteops.roles.models import SLUG_LENGTH, Role, slug_validator

_NUMBERS = "Numbers of the members who hold it."


class RoleSerializer(StrictModelSerializer):
    slug = serializers.CharField(read_only=True, help_text="It never changes.")
    system = serializers.BooleanField(
        read_only=True, help_text="Exists from the start and has one holder."
    )
    assigned_users = serializers.ListField(
        child=serializers.CharField(), read_only=True, help_text=_NUMBERS
    )
    assigned_count = serializers.IntegerField(read_only=True, help_text="How many hold it.")

    # The one constraint that takes a limit.
    examples: ClassVar[dict[str, Any]] = {
        "name": "Editor",
        "constraint_type": "max_count",
        "max_count": 3,
    }

    class Meta:
        model = Role
        fields = (
            "slug", "name", "description", "icon", "color", "constraint_type", "max_count",
            "system", "assigned_users", "assigned_count", "created_at", "updated_at",
        )  # fmt: skip
        extra_kwargs = {
            "max_count": {
                "help_text": "With constraint_type max_count, and only so. Alone it implies that."
            },
        }

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs.get("constraint_type") == ConstraintType.MAX_COUNT and not attrs.get("max_count"):
            detail = {"max_count": "Give the number of members."}
            raise serializers.ValidationError(detail, "required")
        return attrs


class RoleCreateInput(RoleSerializer):
    slug = StrictCharField(  # here it is written
        required=False,
        max_length=SLUG_LENGTH,
        validators=[slug_validator],
        help_text="Made of the name if left out; it stays when the name changes.",
    )


class RoleAnswerSerializer(serializers.Serializer[Any]):
    slug = serializers.CharField()
    role = RoleSerializer(source="*")


class RoleHolderInput(StrictSerializer):
    user_num = SlotField(source="member", help_text='Number of the team member, such as "001".')


class RoleHoldersSerializer(serializers.Serializer[Any]):
    slug = serializers.CharField()
    assigned_users = serializers.ListField(child=serializers.CharField(), help_text=_NUMBERS)
