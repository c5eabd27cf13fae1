"""Team members as the Manage API shows and takes them."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from manage_api.fields import StrictCharField
from manage_api.serializers import StrictModelSerializer
from syteops.core.identifiers import SLOT
from syteops.lib.text import LINE_PATTERN
from syteops.team.models import TeamMember

_MOST_CRM_IDS = 1000


@extend_schema_field(
    {
        "type": "object",
        "propertyNames": {"pattern": SLOT},
        "additionalProperties": {"type": "string", "maxLength": 200, "pattern": LINE_PATTERN},
        "maxProperties": _MOST_CRM_IDS,
    }
)
class CrmIdsField(serializers.DictField):
    child = StrictCharField(max_length=200, allow_blank=True)

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and len(data) > _MOST_CRM_IDS:
            raise ValidationError(f"Send {_MOST_CRM_IDS} at most.", "max_length")
        return super().to_internal_value(data)


class TeamMemberSerializer(StrictModelSerializer):
    """What an answer shows."""

    user_num = serializers.CharField(source="slot", read_only=True, help_text='Such as "001".')
    full_name = serializers.CharField(source="shown_name", read_only=True)
    country = serializers.CharField(read_only=True)
    time_zone = serializers.CharField(read_only=True)
    profile_picture = serializers.ImageField(
        read_only=True, allow_null=True, help_text="For people who are logged in to the admin."
    )
    crm_ids = CrmIdsField(required=False, help_text="Identifiers by CRM number; a blank one goes.")
    user = serializers.CharField(source="user.username", allow_null=True, read_only=True)
    roles = serializers.ListField(
        source="role_slugs",
        child=serializers.CharField(),
        read_only=True,
        help_text="Assigned and unassigned through roles.",
    )

    class Meta:
        model = TeamMember
        fields = (
            "id", "user_num", "first_name", "last_name", "full_name", "nickname", "job_title",
            "company_name", "email", "email_alternate", "email_personal", "phone_number",
            "phone_mobile", "phone_map_pref", "slack_handle", "website", "linkedin_url",
            "address_line_1", "address_line_2", "city", "region", "postal_code", "country",
            "time_zone", "language", "link_profile_pic", "profile_picture", "biography", "notes",
            "crm_ids", "user", "roles", "created_at", "updated_at",
        )  # fmt: skip


class ErasedMemberSerializer(serializers.Serializer[Any]):
    """What was erased: how much went from where, and no value."""

    id = serializers.IntegerField()
    user_num = serializers.CharField(help_text="The number it had until now, if any.")
    erased = serializers.BooleanField(default=True)
    removed = serializers.DictField(
        child=serializers.IntegerField(), help_text="By place, how many things went there."
    )
    login_kept = serializers.BooleanField(
        help_text="Whether the member had a login: that is a person of the site, and stays."
    )


class TeamMemberInput(TeamMemberSerializer):
    """What a write takes: the same fields, with the values that they may have."""

    examples: ClassVar[dict[str, Any]] = {"first_name": "Ada", "last_name": "Lovelace"}

    full_name = StrictCharField(
        max_length=200, required=False, allow_blank=True, help_text="Blank: first and last name."
    )
    # As the model has them: with the list of all that exist.
    country = time_zone = None  # type: ignore[assignment]
    user = StrictCharField(
        max_length=150,
        required=False,
        allow_null=True,
        help_text="Username, for callers who may read members; null for no login.",
    )
