"""CRM systems over the Manage API."""

from typing import Any, ClassVar

from rest_framework import serializers

import manage_api
from manage_api.fields import IsSetField, MomentField
from manage_api.serializers import StrictModelSerializer
from manage_api.viewsets import EntityViewSet
from syteops.crm import queries, services
from syteops.crm.models import CrmSystem


class CrmSystemSerializer(StrictModelSerializer):
    examples: ClassVar[dict[str, Any]] = {"name": "HubSpot", "url": "https://app.hubspot.com"}

    crm_num = serializers.CharField(source="slot", read_only=True, help_text='Such as "001".')
    code = serializers.CharField(read_only=True, help_text="Derived from the name.")
    key_set = IsSetField(source="api_key")
    key_set_at = MomentField(source="api_key_set_at", read_only=True, allow_null=True)
    secret_set = IsSetField(source="api_secret")
    secret_set_at = MomentField(source="api_secret_set_at", read_only=True, allow_null=True)

    class Meta:
        model = CrmSystem
        fields = (
            "crm_num", "name", "code", "url", "link_admin_only",
            "key_set", "key_set_at", "secret_set", "secret_set_at", "created_at", "updated_at",
        )  # fmt: skip


@manage_api.register("crm-systems", resource="crm")
class CrmSystemViewSet(EntityViewSet):
    about = "Where customers are kept, and the credentials for it."
    queryset = queries.live_systems()
    serializer_class = CrmSystemSerializer
    lookup_field, lookup_url_kwarg = "number", "crm_num"
    list_name = "crms"
    pagination_class = None
    services = services
    secrets = services.SECRETS
    impact_reads = {"team_member_ids": "users"}
    deletion_impact = staticmethod(queries.deletion_impact)
    descriptions = {
        "partial_update": "A URL of another origin (scheme, host, port) clears its key and secret.",
        "destroy": "Frees its number; clears its secrets and the identifiers that team members "
        "have there.",
    }
