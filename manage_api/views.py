"""What every address of the API has in common: who calls, what that costs, and the shape of errors.

The order of the steps is the guard: an address that is cut off costs nothing more; a key decides
alone; a call is paid for before rights are looked at; rights come before any reason.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from time import perf_counter
from typing import Any, ClassVar, NamedTuple

from django.http import HttpRequest, HttpResponseBase
from django.urls import get_script_prefix
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from manage_api.calls import ManageRequest
from manage_api.disclosure import disclosed_error
from manage_api.errors import ApiError, as_api_error
from manage_api.operations import Operation
from manage_api.permissions import readable_resources
from manage_api.principals import Principal
from manage_api.query import query_of_only
from manage_api.rendering import JsonRenderer
from manage_api.throttling import (
    AttemptThrottle,
    Budget,
    check_time,
    note_time,
    spend,
    worked,
)
from syteops.audit.services import record_refusal
from syteops.core import request_counts
from syteops.core.actors import Actor, ActorKind, Channel
from syteops.core.counters import CounterKind, counters
from syteops.core.outages import is_outage, took_too_long
from syteops.lib.answer_headers import quicken
from syteops.lib.paths import API_ROOT

MINUTE = 60
REFUSALS_KEPT = 5
"""How many refusals of the same call of one caller the audit trail keeps in a minute."""
ALL_REFUSALS_KEPT = 60
"""And of all calls of one caller: there are more than a hundred that may be refused."""


def address_of(path: str) -> str:
    """Where clients find that path of the API: below SCRIPT_NAME, if that is set."""
    return f"{get_script_prefix().rstrip('/')}{API_ROOT}{path}"


_TAKES_JSON = ("", "*/*", JsonRenderer.media_type)
VARIES_BY = "Authorization, X-API-Key, Cookie"


class Endpoint(NamedTuple):
    """How a fixed address, which is no operation, appears in the OpenAPI document."""

    response: Any
    request: Any = None
    parameters: Sequence[Any] = ()
    headers: Sequence[str] = ()
    errors: Sequence[int] = ()
    takes_any_query: bool = False
    """Whether the query string has names that follow from what is asked for."""

    @property
    def query_names(self) -> set[str]:
        """What its query string may have."""
        return {one.name for one in self.parameters if one.location == OpenApiParameter.QUERY}


class ApiView(APIView):
    """Any address of the API: nobody gets past it without a valid key or session."""

    metadata_class = None
    http_method_names = ("get", "post", "put", "patch", "delete", "head")
    channel: ClassVar[Channel] = Channel.REST
    endpoints: ClassVar[Mapping[str, Endpoint]] = {}
    """For the OpenAPI document, by method; operations describe themselves."""
    operation: Operation | None = None
    """What is asked for, where that is one of the operations."""
    principal: Any = None
    """Who calls (a `Principal`); set once that is known."""
    budget: Budget | None = None
    began: float = 0.0
    """When the call came, on the clock that counts how long it took."""
    worked_before: float = 0.0
    """What this thread had taken of a processor by then."""
    met_outage: bool = False
    """Whether it waited for something that is away, which is nobody's doing."""
    input_pointer: str = "#"
    """The JSON Pointer (RFC 6901) of the operation's input in the body, for errors."""

    # DRF's own would say Allow on every answer, and overwrite that of a 405.
    default_response_headers: ClassVar[Mapping[str, str]] = {}  # type: ignore[assignment]

    @property
    def writes(self) -> bool | None:
        """Whether the call costs a write; None while it is not known what is asked for."""
        return False

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        self.began, self.worked_before = perf_counter(), worked()
        made = super().initialize_request(request, *args, **kwargs)
        made.__class__ = ManageRequest  # DRF names its own in the middle of that
        return made

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """DRF's steps in our order. Raises not_authenticated, not_acceptable, throttled, a 403."""
        self.format_kwarg = None  # an address has no suffix that names a format
        self.perform_authentication(request)
        negotiated = self.perform_content_negotiation(request)
        request.accepted_renderer, request.accepted_media_type = negotiated
        self.check_throttles(request)
        self.check_permissions(request)
        self.check_query(request)

    def check_query(self, request: Request) -> None:
        """Raises Invalid for a query parameter that a fixed address does not describe.

        Operations say of their own what they take.
        """
        endpoint = self.endpoints.get("GET" if request.method == "HEAD" else str(request.method))
        if endpoint and not endpoint.takes_any_query:
            has_body = endpoint.request is not None
            query_of_only(request, endpoint.query_names, has_body=has_body)

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """As DRF does it; what nearly everybody sends is not worked out anew each time."""
        if request.META.get("HTTP_ACCEPT", "*/*") in _TAKES_JSON:
            return JsonRenderer(), JsonRenderer.media_type
        return super().perform_content_negotiation(request, force)

    def perform_authentication(self, request: Request) -> None:
        """Find out who calls; whoever fails at it too often is not even listened to."""
        attempt = AttemptThrottle()
        attempt.allow_request(request, self)
        try:
            request._authenticate()  # type: ignore[attr-defined]  # quicker than `auth` finds it
            self.principal = request.auth
        except Exception as error:
            attempt.failed(request, self, error)
            raise
        attempt.succeeded()
        check_time(self.principal)

    def handle_exception(self, exc: Exception) -> Response:
        """Every failure costs its caller, and a refused right is kept in the audit trail.

        What fails before it is known what was asked for costs a read.
        """
        self.met_outage = is_outage(exc) and not took_too_long(exc)
        if self.principal is not None:
            resource = self.operation.resource if self.operation else ""
            exc = disclosed_error(self.principal, exc, resource)
        problem = as_api_error(exc)
        if self.principal is not None:
            if self.budget is None and problem.code != "throttled":
                try:
                    self.budget = spend(self.principal, writes=False)
                except ApiError as throttled:
                    exc = throttled
            if problem.status == 403 or problem.code == "module_inactive":
                self._record_refusal(problem)
        return super().handle_exception(exc)

    def _record_refusal(self, problem: ApiError) -> None:
        """Keep a refused call in the audit trail; of many alike in a minute the first few."""
        if self.operation is None:
            return
        who = f"{self.principal.kind} {self.principal.id}"
        alike = f"{who} {self.operation.name} {problem.code}"
        for counted, kept in ((alike, REFUSALS_KEPT), (who, ALL_REFUSALS_KEPT)):
            if counters().add(CounterKind.REFUSED_CALLS, counted, MINUTE) > kept:
                return
        actor = self.make_actor(self.operation.name)
        object_id = "/".join(str(value) for value in self.kwargs.values())
        record_refusal(actor, self.operation.resource, object_id, problem.code)

    def make_actor(self, operation: str) -> Actor:
        """The caller, carrying out `operation` through this door."""
        readable = partial(readable_resources, self.principal)
        return Actor.from_request(self.request, self.principal, self.channel, operation, readable)

    def finalize_response(  # type: ignore[override]
        self, request: Request, response: HttpResponseBase, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        """Nothing of the API may be kept by a shared cache; a replaced key is told when it ends."""
        response = super().finalize_response(request, response, *args, **kwargs)  # type: ignore[arg-type]
        quicken(response)
        response.headers.setdefault("Cache-Control", "private, no-cache")
        varies = response.headers.get("Vary")
        response.headers["Vary"] = f"{varies}, {VARIES_BY}" if varies else VARIES_BY
        principal: Principal | None = self.principal
        for name, value in principal.response_headers().items() if principal else ():
            response[name] = value
        for name, value in self.budget.headers.items() if self.budget else ():
            response.headers.setdefault(name, value)
        operation = self.operation.name if self.operation else "none"
        seconds = perf_counter() - self.began
        if principal is not None:  # noted at the very end, when it is compressed, too
            is_read = self.operation and not self.operation.writes and not self.met_outage
            since = self.began if is_read else None
            note = partial(note_time, principal, self.worked_before, since)
            response._resource_closers.append(note)  # type: ignore[attr-defined]
        request_counts.count(operation, response.status_code, _caller(principal), seconds)
        return response


def _caller(principal: Principal | None) -> str:
    """The kind of who called: never who it was."""
    if principal is None:
        return "nobody"
    if principal.kind is ActorKind.PERSON:
        return "person"
    return "site_key" if principal.reads_everything else "restricted_key"
