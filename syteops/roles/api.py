"""Roles over the Manage API."""

from typing import Any, ClassVar

from django.core.validators import RegexValidator
from drf_spectacular.extensions import OpenApiSerializerExtension
from rest_framework import serializers

from manage_api.calls import Call
from manage_api.operations import operation, register
from manage_api.resources import PathParam, Resource
from manage_api.serializers import (
    StrictCharField,
    StrictModelSerializer,
    StrictSerializer,
    deleted,
    listing,
)
from syteops.roles import queries, services
from syteops.roles.choices import ConstraintType
from syteops.roles.models import Role
from syteops.team.queries import named_member

_NUMBERS = "Numbers of the members who hold it."


class RoleSerializer(StrictModelSerializer):
    slug = serializers.CharField(read_only=True, help_text="Made of the first name; it stays.")
    system = serializers.BooleanField(
        read_only=True, help_text="Exists from the start and has one holder."
    )
    assigned_users = serializers.ListField(
        child=serializers.CharField(), read_only=True, help_text=_NUMBERS
    )
    assigned_count = serializers.IntegerField(read_only=True, help_text="How many hold it.")

    # The one constraint that takes a limit.
    examples: ClassVar[dict[str, Any]] = {"constraint_type": "max_count", "max_count": 3}

    class Meta:
        model = Role
        fields = (
            "slug", "name", "description", "icon", "color", "constraint_type", "max_count",
            "system", "assigned_users", "assigned_count", "created_at", "updated_at",
        )  # fmt: skip
        extra_kwargs = {
            "icon": {"trim_whitespace": False},
            "color": {"trim_whitespace": False},
            "max_count": {
                "help_text": "With constraint_type max_count, and only so. Alone it implies that."
            },
        }

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs.get("constraint_type") == ConstraintType.MAX_COUNT and not attrs.get("max_count"):
            detail = {"max_count": "Give the number of members."}
            raise serializers.ValidationError(detail, "required")
        return attrs


class RoleSchema(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """Tells that the type of a constraint and its limit go together."""

    target_class = RoleSerializer

    def map_serializer(self, auto_schema: Any, direction: Any) -> Any:
        schema = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        if direction == "request":
            schema["allOf"] = [_LIMITED, _NOT_LIMITED]
        return schema


def _if_type(*types: str) -> dict[str, Any]:
    named = {"constraint_type": {"type": "string", "enum": list(types)}}
    return {"properties": named, "required": ["constraint_type"]}


_LIMITED = {
    "if": _if_type("max_count"),
    "then": {"properties": {"max_count": {"type": "integer"}}, "required": ["max_count"]},
}
_NOT_LIMITED = {
    "if": _if_type("unique", "unlimited"),
    "then": {"properties": {"max_count": {"type": "null"}}},
}


class RoleAnswerSerializer(serializers.Serializer[Any]):
    slug = serializers.CharField()
    role = RoleSerializer(source="*")


class RoleHolderInput(StrictSerializer):
    user_num = StrictCharField(
        trim_whitespace=False,
        validators=[RegexValidator(r"^[0-9]{3,9}\Z", "Send a number such as 001.")],
        help_text='Number of the team member, such as "001".',
    )


class RoleHoldersSerializer(serializers.Serializer[Any]):
    slug = serializers.CharField()
    assigned_users = serializers.ListField(child=serializers.CharField(), help_text=_NUMBERS)


@register
class Roles(Resource):
    resource = "roles"
    collection = "roles"
    model = Role
    lookup = "slug"
    path_help = {"slug": PathParam("Slug of a role, such as site_owner.", "^[a-z0-9_]{1,60}$")}

    @operation("List the roles", output=listing("roles", RoleSerializer))
    def list(self, call: Call) -> Any:
        return {"roles": RoleSerializer(queries.all_roles(), many=True).data}

    @operation("Read a role", output=RoleAnswerSerializer)
    def get(self, call: Call) -> Any:
        return _shown(_role(call))

    @operation("Add a role", input=RoleSerializer, output=RoleAnswerSerializer)
    def create(self, call: Call) -> Any:
        """The slug is made of the name and never changes, because variables are built on it."""
        return _shown(services.create_role(call.actor, **call.values))

    @operation("Change a role", input=RoleSerializer, output=RoleAnswerSerializer)
    def update(self, call: Call) -> Any:
        """Name and constraint of a system role are fixed. A limit never falls below the holders."""
        return _shown(services.update_role(call.actor, _role(call), **call.values))

    @operation("Delete a role", output=deleted("slug"))
    def delete(self, call: Call) -> Any:
        """Unassigns its holders. A system role cannot be deleted."""
        services.delete_role(call.actor, _role(call))
        return {"slug": call.path["slug"], "deleted": True}

    def delete_impact(self, call: Call) -> dict[str, Any]:
        return queries.deletion_impact(_role(call))

    @operation(
        "Assign a role to a team member",
        method="POST",
        path="{slug}/assign",
        input=RoleHolderInput,
        output=RoleHoldersSerializer,
    )
    def assign(self, call: Call) -> Any:
        """A system role moves from its holder. Another one that is full refuses (`role_full`)."""
        return _reassigned(call, services.assign)

    @operation(
        "Take a role from a team member",
        method="POST",
        path="{slug}/unassign",
        input=RoleHolderInput,
        output=RoleHoldersSerializer,
    )
    def unassign(self, call: Call) -> Any:
        """Changes nothing when the member does not hold the role."""
        return _reassigned(call, services.unassign)


def _role(call: Call) -> Role:
    return queries.get_role(call.path["slug"], lock=call.locks)


def _shown(role: Role) -> Any:
    return RoleAnswerSerializer(queries.with_holders(role)).data


def _reassigned(call: Call, change: Any) -> Any:
    role = change(call.actor, _role(call), named_member(call.values["user_num"]))
    return RoleHoldersSerializer(queries.with_holders(role)).data
