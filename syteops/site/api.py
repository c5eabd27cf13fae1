"""Licence and management connection over the Manage API: reading only."""

from typing import Any

from rest_framework import serializers

from manage_api.calls import Call
from manage_api.operations import operation, register
from manage_api.resources import Resource
from manage_api.serializers import IsSetField
from syteops.site import queries
from syteops.site.models import Connection, ConnectionMode, ConnectionStatus, License, LicenseStatus


class LicenseSerializer(serializers.Serializer[Any]):
    status = serializers.ChoiceField(source="current_status", choices=LicenseStatus.choices)
    plan = serializers.CharField()
    sites = serializers.IntegerField(allow_null=True, help_text="How many sites it covers.")
    expires_at = serializers.DateTimeField(allow_null=True)
    key_set = IsSetField(source="key")
    key_set_at = serializers.DateTimeField(allow_null=True)


class ConnectionSerializer(serializers.Serializer[Any]):
    mode = serializers.ChoiceField(choices=ConnectionMode.choices)
    id = serializers.CharField(source="connection_id")
    status = serializers.ChoiceField(choices=ConnectionStatus.choices)
    last_seen_at = serializers.DateTimeField(allow_null=True)
    secret_set = IsSetField(source="secret")
    secret_set_at = serializers.DateTimeField(allow_null=True)


@register
class Licence(Resource):
    resource = "license"
    collection = "license"
    model = License
    why_read_only = "The licence is read only over the API. A superuser edits it in the admin."

    @operation("Read the licence", path="", output=LicenseSerializer)
    def get(self, call: Call) -> Any:
        return LicenseSerializer(queries.current_license()).data


@register
class ManagementConnection(Resource):
    resource = "connection"
    collection = "connection"
    model = Connection
    why_read_only = (
        "The management connection is read only over the API. A superuser edits it in the admin."
    )

    @operation("Read the management connection", path="", output=ConnectionSerializer)
    def get(self, call: Call) -> Any:
        return ConnectionSerializer(queries.current_connection()).data
