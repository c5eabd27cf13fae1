"""The manifest: exactly the operations that this caller may run now, each described in full."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from manage_api.execution import allowed_operations
from manage_api.openapi import operation_schemas
from manage_api.operations import Operation, all_operations
from manage_api.viewsets import API_ROOT, ApiView


class ManifestView(ApiView):
    """What this caller may run, with the schemas of what goes in and comes out."""

    def get(self, request: Request) -> Response:
        allowed = allowed_operations(self.caller, all_operations())
        return Response({"ok": True, "data": [entry(one) for one in allowed]})


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
        "http": {"method": one.method, "path": API_ROOT + one.path},
    }
