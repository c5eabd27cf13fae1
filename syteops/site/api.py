"""Licence and management connection over the Manage API: reading only."""

from typing import Any

from rest_framework import serializers

import manage_api
from manage_api.fields import IsSetField, MomentField
from manage_api.viewsets import SingletonViewSet
from syteops.site import queries
from syteops.site.models import Connection, ConnectionMode, ConnectionStatus, License, LicenseStatus


class LicenseSerializer(serializers.Serializer[Any]):
    status = serializers.ChoiceField(source="current_status", choices=LicenseStatus.choices)
    plan = serializers.CharField()
    sites = serializers.IntegerField(allow_null=True, help_text="How many sites it covers.")
    expires_at = MomentField(allow_null=True)
    key_set = IsSetField(source="key")
    key_set_at = MomentField(allow_null=True)


class ConnectionSerializer(serializers.Serializer[Any]):
    mode = serializers.ChoiceField(choices=ConnectionMode.choices)
    id = serializers.CharField(source="connection_id")
    status = serializers.ChoiceField(choices=ConnectionStatus.choices)
    last_seen_at = MomentField(allow_null=True)
    secret_set = IsSetField(source="secret")
    secret_set_at = MomentField(allow_null=True)


@manage_api.register("license", resource="license")
class LicenseViewSet(SingletonViewSet):
    about = "The licence of this installation."
    title = "License"
    queryset = License.objects.all()
    serializer_class = LicenseSerializer
    why_read_only = "The licence is read only over the API. A superuser edits it in the admin."

    def get_object(self) -> License:
        return queries.current(License)


@manage_api.register("connection", resource="connection")
class ConnectionViewSet(SingletonViewSet):
    about = "The connection to the management that this site belongs to."
    title = "Management connection"
    queryset = Connection.objects.all()
    serializer_class = ConnectionSerializer
    why_read_only = (
        "The management connection is read only over the API. A superuser edits it in the admin."
    )

    def get_object(self) -> Connection:
        return queries.current(Connection)
