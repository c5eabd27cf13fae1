"""The views that every face of the API is built from.

`ApiView` authenticates and answers in our shapes; `RestView` is one path, made by the router. No
safety rule is written in a resource: they are all here and in `execution`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import Any, ClassVar, NamedTuple, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.cache import patch_vary_headers
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSetMixin

from manage_api import concurrency, execution, throttling
from manage_api.authentication import (
    KeyAuthentication,
    SessionAuthentication,
    presented_credential,
    presented_keys,
)
from manage_api.calls import Call, Result
from manage_api.errors import ApiError, as_api_error
from manage_api.keys.verification import refuse_nobody
from manage_api.operations import Operation
from manage_api.principals import Principal, Stranger, actor_of
from manage_api.rendering import JsonRenderer, StrictJsonParser, document_renderer
from syteops.audit.services import record_refusal
from syteops.core.actors import Channel
from syteops.core.addresses import client_address
from syteops.core.errors import FieldError, Invalid

API_ROOT = "/api/manage/v1"
FLAGS = ("confirm", "dry_run")
VARIES_BY = ("Authorization", "Cookie", "X-API-Key")


class Described(NamedTuple):
    """What the OpenAPI document says of one method of an address that is no operation."""

    response: Any
    request: Any = None
    parameters: Sequence[Any] = ()
    headers: Sequence[str] = ()
    errors: Sequence[int] = ()


class ApiView(APIView):
    """Any address of the API: nobody gets past it without a valid key or session."""

    authentication_classes = (KeyAuthentication, SessionAuthentication)
    permission_classes = ()
    throttle_classes = ()
    parser_classes = (StrictJsonParser,)
    renderer_classes = (JsonRenderer,)
    metadata_class = None
    http_method_names = ("get", "post", "put", "patch", "delete", "head")
    door: ClassVar[Channel] = Channel.REST
    described: ClassVar[Mapping[str, Described]] = {}
    """For the OpenAPI document, by method; operations describe themselves."""
    is_read: ClassVar[bool] = True
    """Whether every call of this view is a read; otherwise `admit` tells by the operation."""
    budget: throttling.Budget | None = None

    # DRF's own would say Allow on every answer, and overwrite that of a 405.
    default_response_headers: ClassVar[Mapping[str, str]] = {}  # type: ignore[assignment]

    @property
    def caller(self) -> Principal:
        """Who calls; set once `initial` has passed."""
        return cast("Principal", self.request.auth)

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        _measure_chunks(request)
        return super().initialize_request(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Authenticate, then agree on JSON. Raises not_authenticated, throttled, not_acceptable."""
        address = client_address(request._request)
        credential = presented_credential(request._request)
        throttling.check_failures(address, credential)
        try:
            if request.auth is None:
                refuse_nobody()
        except Exception as error:
            if _costs_a_failure(error, request):
                stranger = actor_of(Stranger(), self.door, "", request)
                throttling.count_failure(stranger, credential)
            raise
        throttling.note_success(credential)
        super().initial(request, *args, **kwargs)
        if self.is_read:
            self.budget = throttling.spend(self.caller, writes=False)

    def handle_exception(self, exc: Exception) -> Response:
        """What fails before it is known what was asked for costs its caller a read."""
        problem = as_api_error(exc)
        caller = getattr(self.request, "_auth", None)
        if caller and self.budget is None and problem.code != "throttled":
            try:
                self.budget = throttling.spend(caller, writes=False)
            except ApiError as throttled:
                exc = throttled
        return super().handle_exception(exc)

    def finalize_response(  # type: ignore[override]
        self, request: Request, response: HttpResponseBase, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        """Nothing of the API may be kept by a shared cache; a replaced key hears of its end."""
        response = super().finalize_response(request, response, *args, **kwargs)  # type: ignore[arg-type]
        response.headers.setdefault("Cache-Control", "private, no-cache")
        patch_vary_headers(response, VARIES_BY)
        # Not `request.auth`, which would authenticate once more after a failure.
        if caller := getattr(request, "_auth", None):
            for name, value in caller.response_headers().items():
                response[name] = value
        for name, value in self.budget.headers.items() if self.budget else ():
            response.headers.setdefault(name, value)
        return response

    def make_call(
        self,
        operation: Operation,
        path: Mapping[str, str],
        raw: Mapping[str, Any],
        **flags: Any,
    ) -> Call:
        """The call of `operation` by this request's caller."""
        actor = actor_of(self.caller, self.door, operation.name, self.request)
        return Call(operation, self.caller, actor, self.request, path, raw, **flags)

    def admit(self, operation: Operation, path: Mapping[str, Any]) -> None:
        """Let the caller run the operation, or raise; a refusal is kept in the audit trail."""
        self.budget = throttling.spend(self.caller, operation.writes)
        with self._noting_refusal(operation, path):
            execution.authorise(self.caller, operation)

    def run(self, call: Call) -> Result:
        """Carry out an admitted call; one that is refused half-way is noted too."""
        with self._noting_refusal(call.operation, call.path):
            return execution.run(call)

    @contextmanager
    def _noting_refusal(self, operation: Operation, path: Mapping[str, Any]) -> Iterator[None]:
        try:
            yield
        except ApiError as refusal:
            if refusal.status == 403 or refusal.code == "module_inactive":
                actor = actor_of(self.caller, self.door, operation.name, self.request)
                object_id = "/".join(str(value) for value in path.values())
                record_refusal(actor, operation.resource, object_id, refusal.code)
            raise


def _costs_a_failure(error: Exception, request: Request) -> bool:
    """A key that is refused for now (403) has paid from its own budget; a session has none yet."""
    status = as_api_error(error).status
    return status == 401 or (status == 403 and not presented_keys(request._request))


class RestView(ViewSetMixin, ApiView):
    """One REST path. The router says which operation each method is."""

    operations: Mapping[str, Operation] = {}
    is_read = False

    def http_method_not_allowed(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        reason = next(iter(self.operations.values())).resource_class.why_read_only
        if reason:
            raise ApiError("method_not_allowed", reason)
        raise MethodNotAllowed(str(request.method))

    def get_renderers(self) -> list[Any]:
        """JSON, and whatever else this request's operation can answer in."""
        operation = self.operations.get(_method(self.request))
        media_types = operation.documents if operation else ()
        return [*super().get_renderers(), *(document_renderer(one)() for one in media_types)]

    def serve(self, request: Request, **path: str) -> Response:
        """Run this request's operation and answer it over REST."""
        operation = self.operations[_method(request)]
        self.admit(operation, path)
        result = self.run(self._call(operation, request, path))
        return _answer(operation, request, result)

    def _call(self, operation: Operation, request: Request, path: Mapping[str, str]) -> Call:
        query = query_of(request)
        flags = {name: _flag(query.pop(name, "false"), name) for name in FLAGS if operation.writes}
        if not operation.takes_body:
            return self.make_call(operation, path, query, text=True, **flags)
        refuse_query(query)
        return self.make_call(operation, path, _body(request), **flags)


def _measure_chunks(request: HttpRequest) -> None:
    """Read a body that was sent in chunks: without a length, Django takes it for none at all."""
    meta = request.META
    is_chunked = "chunked" in meta.get("HTTP_TRANSFER_ENCODING", "").lower()
    if is_chunked and meta.get("wsgi.input_terminated") and not meta.get("CONTENT_LENGTH"):
        body = meta["wsgi.input"].read(settings.MANAGE_API_MAX_BODY + 1)
        request._stream = BytesIO(body)
        meta["CONTENT_LENGTH"] = str(len(body))


def _method(request: Request) -> str:
    return "get" if request.method == "HEAD" else str(request.method).lower()


def query_of(request: Request) -> dict[str, Any]:
    """The query string, each name once. Raises validation_error for a repeated one."""
    twice = [name for name, values in request.query_params.lists() if len(values) > 1]
    if errors := [FieldError((name,), "invalid", "Give this parameter once.") for name in twice]:
        raise Invalid(errors)
    return dict(request.query_params.items())


def refuse_query(names: Iterable[str]) -> None:
    """Raise validation_error for query parameters where everything goes into the body."""
    detail = "There is no such query parameter here. Send it in the body."
    if errors := [FieldError((name,), "unknown_field", detail) for name in names]:
        raise Invalid(errors)


def _flag(value: Any, name: str) -> bool:
    if value not in ("true", "false"):
        raise Invalid.field(name, "Send true or false.")
    return bool(value == "true")


def _body(request: Request) -> Mapping[str, Any]:
    """The body's object; an empty body counts as an empty object."""
    # Not `request.body`: the CSRF check of a session has read the stream already.
    if not isinstance(request.data, dict):
        raise Invalid([FieldError((), "invalid", "Send a JSON object.")])
    return request.data


def _answer(operation: Operation, request: Request, result: Result) -> Response:
    if not operation.writes:
        return _read_answer(request, result)
    if result.dry_run:
        shown = {"dry_run": True, "changed": result.changed, "data": result.data}
        response = Response({**shown, "changes": result.changes, "impact": result.impact})
        add_write_headers(response, result)
        return response
    response = Response(result.body, operation.status)
    add_write_headers(response, result)
    if operation.status == 201 and (location := _location(operation, result.data)):
        response["Location"] = location
    return response


def add_write_headers(response: Response, result: Result) -> None:
    """What every answer to a write says in its headers."""
    stored = result.changed and not result.dry_run
    response["SyteOps-Changed"] = "true" if stored else "false"
    if result.etag and not result.dry_run:
        response["ETag"] = result.etag
    if result.replayed:
        response["Idempotent-Replayed"] = "true"


def _read_answer(request: Request, result: Result) -> Response:
    fresh = concurrency.is_fresh(request, result.etag)
    response = Response(None, 304) if fresh else Response(result.body)
    response.content_type = result.media_type
    response["ETag"] = result.etag
    return response


def _location(operation: Operation, data: Any) -> str:
    lookup = operation.resource_class.lookup
    return f"{API_ROOT}{operation.path}/{data[lookup]}" if lookup in data else ""
