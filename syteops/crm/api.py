"""CRM systems over the Manage API."""

from typing import Any

from rest_framework import serializers

from manage_api.calls import Call
from manage_api.operations import Access, operation, register
from manage_api.resources import PathParam, Resource
from manage_api.serializers import (
    IsSetField,
    SecretField,
    StrictBooleanField,
    StrictModelSerializer,
    StrictSerializer,
    deleted,
    listing,
)
from syteops.crm import queries, services
from syteops.crm.models import CrmSystem


class CrmSystemSerializer(StrictModelSerializer):
    crm_num = serializers.CharField(source="slot", read_only=True, help_text='Such as "001".')
    code = serializers.CharField(read_only=True, help_text="Derived from the name.")
    key_set = IsSetField(source="api_key")
    key_set_at = serializers.DateTimeField(source="api_key_set_at", read_only=True, allow_null=True)
    secret_set = IsSetField(source="api_secret")
    secret_set_at = serializers.DateTimeField(
        source="api_secret_set_at", read_only=True, allow_null=True
    )

    class Meta:
        model = CrmSystem
        fields = (
            "crm_num", "name", "code", "url", "link_admin_only",
            "key_set", "key_set_at", "secret_set", "secret_set_at", "created_at", "updated_at",
        )  # fmt: skip


class CrmSecretsInput(StrictSerializer):
    needs_one = True
    api_key = SecretField(required=False)
    api_secret = SecretField(required=False)


class CrmSecretsToClear(StrictSerializer):
    needs_one = True
    api_key = StrictBooleanField(required=False, help_text="Clear the API key.")
    api_secret = StrictBooleanField(required=False, help_text="Clear the API secret.")


class CrmSecretsSerializer(serializers.Serializer[Any]):
    crm_num = serializers.CharField(source="slot")
    key_set = IsSetField(source="api_key")
    secret_set = IsSetField(source="api_secret")


@register
class CrmSystems(Resource):
    resource = "crm"
    collection = "crm-systems"
    model = CrmSystem
    lookup = "crm_num"
    path_help = {"crm_num": PathParam('Number of a CRM system, such as "001".')}

    @operation("List the CRM systems", output=listing("crms", CrmSystemSerializer))
    def list(self, call: Call) -> Any:
        return {"crms": CrmSystemSerializer(queries.live_systems(), many=True).data}

    @operation("Read a CRM system", output=CrmSystemSerializer)
    def get(self, call: Call) -> Any:
        return CrmSystemSerializer(_system(call)).data

    @operation("Add a CRM system", input=CrmSystemSerializer, output=CrmSystemSerializer)
    def create(self, call: Call) -> Any:
        return CrmSystemSerializer(services.create_crm_system(call.actor, **call.values)).data

    @operation("Change a CRM system", input=CrmSystemSerializer, output=CrmSystemSerializer)
    def update(self, call: Call) -> Any:
        system = services.update_crm_system(call.actor, _system(call), **call.values)
        return CrmSystemSerializer(system).data

    @operation("Delete a CRM system", output=deleted("crm_num"))
    def delete(self, call: Call) -> Any:
        """Frees its number; clears its secrets and the identifiers that team members have there."""
        services.delete_crm_system(call.actor, _system(call))
        return {"crm_num": call.path["crm_num"], "deleted": True}

    def delete_impact(self, call: Call) -> dict[str, Any]:
        return queries.deletion_impact(_system(call))

    @operation(
        "Store a CRM system's credentials",
        method="PUT",
        path="{crm_num}/secret",
        access=Access.SECRETS,
        input=CrmSecretsInput,
        output=CrmSecretsSerializer,
    )
    def set_secret(self, call: Call) -> Any:
        system = services.set_secrets(call.actor, _system(call), **call.values)
        return CrmSecretsSerializer(system).data

    @operation(
        "Clear a CRM system's credentials",
        method="DELETE",
        path="{crm_num}/secret",
        access=Access.SECRETS,
        destructive=True,
        input=CrmSecretsToClear,
        output=CrmSecretsSerializer,
    )
    def clear_secret(self, call: Call) -> Any:
        names = [name for name, chosen in call.values.items() if chosen]
        system = services.clear_secrets(call.actor, _system(call), *names)
        return CrmSecretsSerializer(system).data

    def clear_secret_impact(self, call: Call) -> dict[str, Any]:
        return {"crm_num": call.path["crm_num"], "cleared": sorted(call.values)}


def _system(call: Call) -> CrmSystem:
    return queries.get_system(call.path["crm_num"], lock=call.locks)
