"""Which key or person am I, and what may I do here."""

from typing import Any

from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from manage_api import throttling
from manage_api.discovery import links_to_descriptions
from manage_api.errors import ApiError
from manage_api.fields import MomentField
from manage_api.operations import all_operations
from manage_api.permissions import allowed_operations
from manage_api.views import ApiView, Endpoint, address_of
from syteops.core.addresses import client_address


class RootSerializer(serializers.Serializer[Any]):
    """The API's name and its links."""

    name = serializers.CharField()
    version = serializers.CharField()
    links = serializers.DictField(child=serializers.CharField())


class BudgetSerializer(serializers.Serializer[Any]):
    """How many calls a minute are allowed, and how many are left in this one."""

    limit = serializers.IntegerField()
    remaining = serializers.IntegerField()
    reset_seconds = serializers.IntegerField()


class BudgetsSerializer(serializers.Serializer[Any]):
    """Reads and writes are counted apart."""

    read = BudgetSerializer()
    write = BudgetSerializer()


class NetworkSerializer(serializers.Serializer[Any]):
    """From where the caller may call, and from where it does."""

    address = serializers.CharField(
        allow_null=True, help_text="The caller's address as this site sees it; null if unknown."
    )
    allowed = serializers.BooleanField(help_text="Whether the caller may call from there.")
    networks = serializers.ListField(
        child=serializers.CharField(), help_text="The only ones allowed; empty: from everywhere."
    )


class WhoAmISerializer(serializers.Serializer[Any]):
    """The caller: a key or a person."""

    kind = serializers.ChoiceField(choices=("site_key", "restricted_key", "person"))
    id = serializers.CharField(help_text="The key's public id, or the person's number.")
    name = serializers.CharField()
    expires_at = MomentField(
        allow_null=True, help_text="When the key stops working; null: it does not by itself."
    )
    replaced = serializers.BooleanField(
        help_text="Whether the key was rotated: use the new one before this one expires."
    )
    scopes = serializers.ListField(
        child=serializers.CharField(), help_text="Exactly what the caller has been given."
    )
    operations = serializers.IntegerField(help_text="How many the caller may run now.")
    network = NetworkSerializer()
    limits = BudgetsSerializer()
    server_time = MomentField()
    api_version = serializers.CharField()


class RootView(ApiView):
    """The API's front page: a link to everything this caller can list."""

    endpoints = {"GET": Endpoint(RootSerializer, headers=("Link",))}

    def get(self, request: Request) -> Response:
        allowed = allowed_operations(self.principal, all_operations())
        fixed = ("manifest", "dispatch", "whoami", "schema", "docs", "workflows")
        links = {name: address_of(f"/{name}") for name in fixed}
        links |= {
            one.resource if one.action in ("list", "get") else one.name: address_of(one.path)
            for one in allowed
            if one.method == "GET" and not one.path_params
        }
        shown = {"name": "SyteOps Manage API", "version": "v1", "links": links}
        return Response(shown, headers={"Link": links_to_descriptions()})


class WhoAmIView(ApiView):
    """The caller as the API sees it."""

    endpoints = {"GET": Endpoint(WhoAmISerializer)}

    def get(self, request: Request) -> Response:
        about = self.principal.describe()
        networks = about.pop("networks")
        return Response(
            {
                **about,
                "operations": len(allowed_operations(self.principal, all_operations())),
                "network": {
                    "address": client_address(request._request) or None,
                    # Whoever may not is not answered here, but with network_not_allowed.
                    "allowed": True,
                    "networks": networks,
                },
                "limits": throttling.left(self.principal),
                "server_time": timezone.now(),
                "api_version": "v1",
            }
        )


class NowhereView(ApiView):
    """Any other address below the API: 401 for strangers, 404 for callers."""

    def http_method_not_allowed(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        raise ApiError("not_found", "There is no such address in the API. The root links all.")
