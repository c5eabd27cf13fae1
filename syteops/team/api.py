"""Team members over the Manage API."""

from typing import Any

from django.contrib.auth.models import User
from django.core.validators import RegexValidator
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from manage_api.calls import Call
from manage_api.operations import operation, register
from manage_api.pagination import paged
from manage_api.resources import PathParam, Resource
from manage_api.serializers import (
    PageInput,
    StrictCharField,
    StrictChoiceField,
    StrictIntegerField,
    StrictModelSerializer,
    StrictSerializer,
    deleted,
    listing,
)
from syteops.team import queries, services
from syteops.team.models import TeamMember

ORDERINGS = [f"{sign}{name}" for name in queries.ORDERINGS for sign in ("", "-")]


@extend_schema_field(
    {
        "type": "object",
        "propertyNames": {"pattern": "^[0-9]{3,9}$"},
        "additionalProperties": {"type": "string", "maxLength": 200},
    }
)
class CrmIdsField(serializers.DictField):
    child = StrictCharField(max_length=200, allow_blank=True)


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
        extra_kwargs = {"language": {"trim_whitespace": False}}


class TeamMemberInput(TeamMemberSerializer):
    """What a write takes: the same fields, with the values that they may have."""

    full_name = StrictCharField(
        max_length=200, required=False, allow_blank=True, help_text="Blank: first and last name."
    )
    # As the model has them: with the list of all that exist.
    country = time_zone = None  # type: ignore[assignment]
    user = StrictCharField(
        max_length=150, required=False, allow_null=True, help_text="Username; null for no login."
    )

    def validate_user(self, username: str | None) -> User | None:
        user = None if username is None else queries.user_named(username)
        if user is None and username is not None:
            raise serializers.ValidationError("There is no such user.", "not_found")
        return user


class TeamMemberFilter(PageInput):
    search = StrictCharField(
        required=False,
        max_length=200,
        help_text="Words (ten at most) in names, e-mail addresses, company or job title.",
    )
    role = StrictCharField(
        required=False,
        trim_whitespace=False,
        validators=[RegexValidator(r"^[a-z0-9_]{1,60}\Z", "Send a slug such as site_owner.")],
        help_text="Slug of a role they hold.",
    )
    ordering = StrictChoiceField(
        choices=ORDERINGS, default="user_num", help_text='With "-" in front: descending.'
    )


class TeamMemberToRestore(StrictSerializer):
    id = StrictIntegerField(
        min_value=1, max_value=2**63 - 1, help_text="The permanent `id` of the deleted member."
    )


@register
class TeamMembers(Resource):
    resource = "users"
    collection = "team-members"
    model = TeamMember
    lookup = "user_num"
    path_help = {"user_num": PathParam('Number of a team member, such as "001".')}

    @operation(
        "List the team members",
        input=TeamMemberFilter,
        output=listing("users", TeamMemberSerializer, paged=True),
    )
    def list(self, call: Call) -> Any:
        wanted = {name: call.values.get(name, "") for name in ("search", "role", "ordering")}
        found = queries.list_members(**wanted)
        return paged("users", found, call.values, lambda members: _shown(call, *members))

    @operation("Read a team member", output=TeamMemberSerializer)
    def get(self, call: Call) -> Any:
        return _shown(call, _member(call))[0]

    @operation("Add a team member", input=TeamMemberInput, output=TeamMemberSerializer)
    def create(self, call: Call) -> Any:
        """Takes the lowest free number. Every field is optional."""
        return _shown(call, services.create_team_member(call.actor, **call.values))[0]

    @operation("Change a team member", input=TeamMemberInput, output=TeamMemberSerializer)
    def update(self, call: Call) -> Any:
        member = services.update_team_member(call.actor, _member(call), **call.values)
        return _shown(call, member)[0]

    @operation("Delete a team member", output=deleted("user_num"))
    def delete(self, call: Call) -> Any:
        """Frees the number and takes the roles. The record can be restored by its `id`."""
        services.delete_team_member(call.actor, _member(call))
        return {"user_num": call.path["user_num"], "deleted": True}

    def delete_impact(self, call: Call) -> dict[str, Any]:
        return queries.deletion_impact(_member(call))

    @operation(
        "Restore a deleted team member",
        method="POST",
        path="restore",
        input=TeamMemberToRestore,
        output=TeamMemberSerializer,
    )
    def restore(self, call: Call) -> Any:
        """Under the former number if that is free, else the next free one; without the roles."""
        member = queries.get_any_member(call.values["id"], lock=True)
        return _shown(call, services.restore_team_member(call.actor, member))[0]


def _member(call: Call) -> TeamMember:
    return queries.get_member(call.path["user_num"], lock=call.locks)


def _shown(call: Call, *members: TeamMember) -> Any:
    found = queries.with_related(members)
    return TeamMemberSerializer(found, many=True, context={"request": call.request}).data
