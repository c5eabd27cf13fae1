"""Status, licence and management connection over the Manage API: reading only."""

from typing import Any

from rest_framework import serializers

from manage_api.calls import Call
from manage_api.keys import queries as keys
from manage_api.operations import operation, register
from manage_api.resources import Resource
from manage_api.serializers import IsSetField
from syteops.site import queries
from syteops.site.models import Connection, ConnectionMode, ConnectionStatus, License, LicenseStatus
from syteops.site.status import site_state


class StatusSerializer(serializers.Serializer[Any]):
    version = serializers.CharField()
    active_modules = serializers.ListField(child=serializers.CharField())
    enabled_integrations = serializers.IntegerField(help_text="How many are enabled.")
    api_state = serializers.ChoiceField(choices=keys.API_STATES)
    counts = serializers.DictField(
        child=serializers.IntegerField(), help_text="How many of each there are, by resource."
    )
    database = serializers.ChoiceField(choices=("sqlite", "postgresql"))
    pending_migrations = serializers.IntegerField()
    worker_lag = serializers.IntegerField(
        allow_null=True, help_text="Seconds; null: there is no worker."
    )


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
class Status(Resource):
    resource = "status"
    collection = "status"
    model = License
    why_read_only = "The status is derived from the site. There is nothing to write."

    @classmethod
    def permission_name(cls, verb: str) -> str:
        return f"site.{verb}_status"

    @operation("Read the site's status", path="", output=StatusSerializer)
    def get(self, call: Call) -> Any:
        return StatusSerializer({**site_state(), "api_state": keys.api_state()}).data


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
