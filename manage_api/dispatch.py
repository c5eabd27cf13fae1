"""The single-endpoint form: every operation through one address, in one envelope."""

from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from manage_api import concurrency, execution, idempotency
from manage_api.answers import add_write_headers
from manage_api.base import FLAGS
from manage_api.calls import Call, Result
from manage_api.errors import ApiError
from manage_api.fields import JsonObjectField, StrictBooleanField, StrictCharField
from manage_api.openapi.parts import IDEMPOTENCY_KEY, IF_MATCH, IF_NONE_MATCH, ref
from manage_api.operations import Operation, find, why_read_only
from manage_api.query import params_of, query_of
from manage_api.serializers import StrictSerializer
from manage_api.views import ApiView, Endpoint
from syteops.core.actors import Channel
from syteops.core.errors import FieldError, Invalid
from syteops.lib.paths import is_older

NAMES = ("resource", "action")


class DispatchInput(StrictSerializer):
    """What dispatch takes. Tools of the older product send `confirm` inside `params` as well."""

    examples: ClassVar[dict[str, Any]] = {
        "resource": "crm",
        "action": "create",
        "params": {"name": "HubSpot"},
    }

    resource = StrictCharField(help_text="Such as `crm`.")
    action = StrictCharField(help_text="Such as `update`.")
    params = JsonObjectField(required=False, help_text="As the manifest describes them.")
    confirm = StrictBooleanField(required=False, help_text="Consent to a destructive operation.")
    dry_run = StrictBooleanField(required=False, help_text="Only say what would happen.")


class FlagsInParams(StrictSerializer):
    """The same consent, where tools of the older product put it."""

    confirm = StrictBooleanField(required=False)
    dry_run = StrictBooleanField(required=False)


_QUERY = [
    OpenApiParameter("resource", str, required=True, description="Such as `crm`."),
    OpenApiParameter("action", str, required=True, description="Such as `list`; reads only."),
    OpenApiParameter(
        "params",
        {"type": "string", "contentMediaType": "application/json"},
        description="The parameters of the operation as a JSON object. Each can be sent under its "
        "own name instead, such as `search`, or as `params[search]`.",
    ),
    IF_NONE_MATCH,
]
ENVELOPE = ref("schemas", "Envelope")


class DispatchView(ApiView):
    """Runs the operation that the request names and answers in the envelope."""

    endpoints = {
        "GET": Endpoint(
            ENVELOPE,
            parameters=_QUERY,
            headers=("ETagOfRead",),
            errors=(400, 404, 413),
            takes_any_query=True,
        ),
        "POST": Endpoint(
            ENVELOPE,
            request=DispatchInput,
            parameters=(IDEMPOTENCY_KEY, IF_MATCH),
            headers=("ETag", "Idempotent-Replayed"),
            errors=(400, 404, 408, 409, 412, 413, 415, 422, 428),
        ),
    }
    channel = Channel.DISPATCH

    @property
    def writes(self) -> bool | None:
        """Not known before the body is read."""
        return None

    def post(self, request: Request) -> Response:
        # Reads have no use for these; what is malformed is refused all the same.
        concurrency.check_form(request)
        idempotency.key_of(request)
        given = _validated(DispatchInput, _as_object(request.data, request.path_info))
        operation = _operation(given["resource"], given["action"])
        params = dict(given.get("params") or {})
        self.input_pointer = "#/params"
        inner = _validated(FlagsInParams, {n: params.pop(n) for n in FLAGS if n in params})
        flags = {name: bool(given.get(name) or inner.get(name)) for name in FLAGS}
        return self._run(operation, params, is_text=not operation.writes, **flags)

    def get(self, request: Request) -> Response:
        """Reads only, with everything in the query string."""
        query = query_of(request)
        missing = [name for name in NAMES if name not in query]
        if errors := [FieldError((name,), "required", _REQUIRED) for name in missing]:
            raise Invalid(errors)
        operation = _operation(*(query.pop(name) for name in NAMES))
        if operation.writes:
            raise ApiError("method_not_allowed", "Send this operation by POST.", headers=_POST)
        return self._run(operation, params_of(query), is_text=True)

    def _run(self, operation: Operation, params: dict[str, Any], **flags: bool) -> Response:
        path = {name: params.pop(name) for name in operation.path_params if name in params}
        self.operation, self.kwargs = operation, path
        view = operation.viewset.for_operation(operation, self, path, Call(params, **flags))
        view.check_throttles(view.request)
        self.budget = view.budget
        view.check_permissions(view.request)
        try:
            result = execution.run(view)
        finally:
            self.budget = view.budget  # a bulk is charged by its items
        if self.request.method != "POST" and concurrency.is_fresh(self.request, result.etag):
            return Response(None, 304, headers={"ETag": result.etag})
        response = Response(self._envelope(result))
        if operation.writes:
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
            **({"dry_run": True, **result.told_changes} if result.dry_run else {}),
            **({"impact": result.impact} if result.dry_run and result.impact else {}),
            **result.consequences,
        }


_POST = {"Allow": "POST"}
_REQUIRED = "This parameter is required."


def _as_object(data: Any, path: str) -> Any:
    """The body; PHP, in which tools of the older product are written, has `[]` for no params."""
    is_empty = is_older(path) and isinstance(data, dict) and data.get("params") == []
    return {**data, "params": {}} if is_empty else data


def _validated(serializer_class: type[StrictSerializer], data: Any) -> dict[str, Any]:
    serializer = serializer_class(data=data)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def _operation(resource: str, action: str) -> Operation:
    operation = find(resource, action)
    if operation is None:
        if reason := why_read_only(resource):
            raise ApiError("method_not_allowed", reason)
        raise ApiError("not_found", f"There is no operation {resource}.{action}. See the manifest.")
    return operation
