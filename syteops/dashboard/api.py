"""The site's status over the Manage API."""

from typing import Any

from rest_framework import serializers

import manage_api
from manage_api.keys import queries as keys
from manage_api.viewsets import SingletonViewSet
from syteops.dashboard.status import site_state
from syteops.site.models import License


class StatusSerializer(serializers.Serializer[Any]):
    version = serializers.CharField()
    active_modules = serializers.ListField(child=serializers.CharField())
    enabled_integrations = serializers.IntegerField(help_text="How many are enabled.")
    integrations_enabled_count = serializers.IntegerField(
        source="enabled_integrations", help_text="The same, as older tools look for it."
    )
    api_state = serializers.ChoiceField(choices=keys.API_STATES)
    counts = serializers.DictField(
        child=serializers.IntegerField(), help_text="How many of each there are, by resource."
    )
    database = serializers.ChoiceField(choices=("sqlite", "postgresql"))
    pending_migrations = serializers.IntegerField()
    worker_lag = serializers.IntegerField(
        help_text="For how many seconds the oldest background task waits that could run; 0: none."
    )


@manage_api.register("status", resource="status")
class StatusViewSet(SingletonViewSet):
    about = "How the site is doing, in one answer."
    title = "Status"
    queryset = License.objects.all()  # of whose app the permission to see the status is
    serializer_class = StatusSerializer
    why_read_only = "The status is derived from the site. There is nothing to write."
    summaries = {"list": "Read the site's status"}

    @classmethod
    def permission_name(cls, verb: str) -> str:
        return f"site.{verb}_status"

    def get_object(self) -> dict[str, Any]:
        return {**site_state(), "api_state": keys.api_state()}
