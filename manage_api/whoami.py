"""Which key or person am I, and what may I do here."""

from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from manage_api import throttling
from manage_api.errors import ApiError
from manage_api.execution import allowed_operations
from manage_api.operations import all_operations
from manage_api.viewsets import API_ROOT, ApiView


class RootView(ApiView):
    """The API's front page: a link to everything this caller can list."""

    def get(self, request: Request) -> Response:
        allowed = allowed_operations(self.caller, all_operations())
        fixed = ("manifest", "dispatch", "whoami", "schema", "docs")
        links = {name: f"{API_ROOT}/{name}" for name in fixed}
        links |= {
            one.resource if one.action in ("list", "get") else one.name: API_ROOT + one.path
            for one in allowed
            if one.method == "GET" and not one.path_params
        }
        return Response({"name": "SyteOps Manage API", "version": "v1", "links": links})


class WhoAmIView(ApiView):
    """The caller as the API sees it."""

    def get(self, request: Request) -> Response:
        allowed = allowed_operations(self.caller, all_operations())
        return Response(
            {
                **self.caller.describe(),
                "scopes": sorted({one.scope for one in allowed}),
                "operations": len(allowed),
                "limits": throttling.left(self.caller),
                "server_time": timezone.now(),
                "api_version": "v1",
            }
        )


class NowhereView(ApiView):
    """Any other address below the API: 401 for strangers, 404 for callers."""

    def http_method_not_allowed(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        raise ApiError("not_found", "There is no such address in the API. The root links all.")
