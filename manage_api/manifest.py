"""The manifest: exactly the operations that this caller may run now, each described in full."""

from typing import Any

from django.urls import get_script_prefix
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from manage_api.calls import Result
from manage_api.kept import kept
from manage_api.openapi.document import operation_schemas
from manage_api.operations import Operation, all_operations
from manage_api.permissions import allowed_operations
from manage_api.rendering import dump
from manage_api.views import ApiView, Endpoint, address_of


class HttpSerializer(serializers.Serializer[Any]):
    """Where an operation is over REST."""

    method = serializers.ChoiceField(choices=("DELETE", "GET", "PATCH", "POST", "PUT"))
    path = serializers.CharField()


class ManifestEntrySerializer(serializers.Serializer[Any]):
    """One operation that the caller may run."""

    resource = serializers.CharField()
    action = serializers.CharField()
    summary = serializers.CharField()
    params = serializers.DictField(help_text="JSON Schema of what goes in.")
    returns = serializers.DictField(help_text="JSON Schema of `data`.")
    capability = serializers.CharField(help_text="The scope that a key needs.")
    destructive = serializers.BooleanField(help_text="Whether it needs `confirm`.")
    secret_keys = serializers.ListField(child=serializers.CharField())
    http = HttpSerializer()


class ManifestSerializer(serializers.Serializer[Any]):
    """Exactly what this caller may run now."""

    ok = serializers.BooleanField()
    data = ManifestEntrySerializer(many=True)  # type: ignore[assignment]


class ManifestView(ApiView):
    """What this caller may run, with the schemas of what goes in and comes out."""

    endpoints = {"GET": Endpoint(ManifestSerializer)}

    def get(self, request: Request) -> Response:
        call = "manifest", get_script_prefix()
        return Response(kept(self.principal, call, self._list_allowed).body)

    def _list_allowed(self) -> Result:
        allowed = allowed_operations(self.principal, all_operations())
        shown = {"ok": True, "data": [entry(one) for one in allowed]}
        return Result(None, body=dump(shown))


def entry(one: Operation) -> dict[str, Any]:
    """An operation as the manifest shows it."""
    params, returns = operation_schemas(one.name)
    return {
        "resource": one.resource,
        "action": one.action,
        "summary": one.summary,
        "params": params,
        "returns": returns,
        "capability": one.scope,
        "destructive": one.destructive,
        "secret_keys": one.secret_keys,
        "http": {"method": one.method, "path": address_of(one.path)},
    }
