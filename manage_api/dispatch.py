"""The single-endpoint form: every operation through one address, in one envelope."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from manage_api import concurrency, execution
from manage_api.calls import Call, Result
from manage_api.errors import ApiError
from manage_api.operations import Operation, find
from manage_api.serializers import (
    JsonObjectField,
    StrictBooleanField,
    StrictCharField,
    StrictSerializer,
)
from manage_api.viewsets import ApiView, add_write_headers
from syteops.lib.actors import Door

NAMES = ("resource", "action")
FLAGS = ("confirm", "dry_run")


class DispatchInput(StrictSerializer):
    """What dispatch takes. Tools of the older product send `confirm` inside `params` as well."""

    resource = StrictCharField(help_text="Such as `crm`.")
    action = StrictCharField(help_text="Such as `update`.")
    params = JsonObjectField(required=False, help_text="As the manifest describes them.")
    confirm = StrictBooleanField(required=False, help_text="Consent to a destructive operation.")
    dry_run = StrictBooleanField(required=False, help_text="Only say what would happen.")


class DispatchView(ApiView):
    """Runs the operation that the request names and answers in the envelope."""

    door = Door.DISPATCH
    is_read = False
    error_prefix = "#"

    def post(self, request: Request) -> Response:
        serializer = DispatchInput(data=request.data)
        serializer.is_valid(raise_exception=True)
        given = serializer.validated_data
        operation = _operation(given["resource"], given["action"])
        params = dict(given.get("params") or {})
        inner = {name: params.pop(name) for name in FLAGS if name in params}
        flags = {name: given.get(name, False) or inner.get(name) is True for name in FLAGS}
        self.error_prefix = "#/params"
        return self._answer(self._call(operation, params, text=not operation.writes, **flags))

    def get(self, request: Request) -> Response:
        """Reads only, with everything in the query string."""
        query = dict(request.query_params.items())
        missing = [name for name in NAMES if name not in query]
        if missing:
            raise ApiError("validation_error", errors=[_required(name) for name in missing])
        operation = _operation(*(query.pop(name) for name in NAMES))
        if operation.writes:
            raise ApiError("method_not_allowed", "Send this operation by POST.", headers=_POST)
        return self._answer(self._call(operation, query, text=True))

    def _call(self, operation: Operation, params: dict[str, Any], **flags: bool) -> Call:
        path = {name: params.pop(name) for name in operation.path_params if name in params}
        self.admit(operation, path)
        return self.make_call(operation, path, params, **flags)

    def _answer(self, call: Call) -> Response:
        result = execution.run(call)
        if self.request.method == "GET" and concurrency.is_fresh(self.request, result.etag):
            return Response(None, 304, headers={"ETag": result.etag})
        response = Response(self._envelope(result))
        if call.operation.writes:
            add_write_headers(response, result)
        else:
            response["ETag"] = result.etag
        return response

    def _envelope(self, result: Result) -> dict[str, Any]:
        return {
            "ok": True,
            "data": result.data,
            "changed": result.changed,
            "error": None,
            "code": None,
            "errors": [],
            "request_id": getattr(self.request, "request_id", ""),
            **({"dry_run": True, "changes": result.changes} if result.dry_run else {}),
            **({"impact": result.impact} if result.dry_run and result.impact else {}),
        }

    def around_error(self, problem: dict[str, Any]) -> dict[str, Any]:
        """The envelope of a failure: the problem details and the envelope's own members."""
        failed = {
            "ok": False,
            "data": None,
            "changed": False,
            "error": problem["detail"],
        }
        return {**failed, **problem}


_POST = {"Allow": "POST"}


def _operation(resource: str, action: str) -> Operation:
    operation = find(resource, action)
    if operation is None:
        raise ApiError("not_found", f"There is no operation {resource}.{action}. See the manifest.")
    return operation


def _required(name: str) -> dict[str, str]:
    return {
        "pointer": f"#/{name}",
        "code": "required",
        "detail": "This parameter is required.",
    }
