"""Every error of the API, in one shape: problem details (RFC 9457).

`CODES` is the whole list of codes; docs/errors.md is written from it. `exception_handler` turns
whatever was raised, by us, Django or DRF, into that shape.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

from django.core.exceptions import DisallowedHost, RequestDataTooBig, SuspiciousOperation
from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.signals import got_request_exception
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from rest_framework import exceptions

from manage_api import rendering
from syteops.core.errors import DomainError, FieldError, Invalid, Unavailable
from syteops.core.impacts import bounded
from syteops.core.outages import RETRY_AFTER, is_outage
from syteops.lib.paths import is_dispatch
from syteops.lib.text import cut

log = logging.getLogger(__name__)

PROBLEM_TYPE = "application/problem+json"
JSON_TYPE = "application/json"


class Code(NamedTuple):
    """What an error code means: its HTTP status, its title, and what the caller can do."""

    status: int
    title: str
    cure: str


CODES = {
    "not_authenticated": Code(
        401, "No valid key", "Send a valid key in X-API-Key or Authorization: Bearer."
    ),
    "key_expired": Code(401, "Key expired", "Ask a site admin for a new key."),
    "api_disabled": Code(
        403, "API disabled", "Ask a site admin to enable the API on Other Options."
    ),
    "network_not_allowed": Code(
        403, "Network not allowed", "Call from a network that the key allows."
    ),
    "insufficient_scope": Code(
        403, "Scope missing", "Use a key that has the scope named in the answer."
    ),
    "https_required": Code(
        403,
        "HTTPS required",
        "Use HTTPS. A key that was sent over plain HTTP may have been read: replace it.",
    ),
    "permission_denied": Code(403, "Permission denied", "Ask a site admin for the permission."),
    "not_found": Code(
        404, "Not found", "Check the identifier; list the collection to see what exists."
    ),
    "module_inactive": Code(404, "Module inactive", "Activate the module first."),
    "method_not_allowed": Code(405, "Method not allowed", "Use a method from the Allow header."),
    "not_acceptable": Code(406, "Not acceptable", "Accept application/json."),
    "request_timeout": Code(
        408, "Request not complete in time", "Send the same request again, all of it at once."
    ),
    "conflict": Code(409, "Conflict", "Read the object again and adapt the request."),
    "role_full": Code(409, "Role full", "Unassign a holder first, or raise the role's limit."),
    "limit_reached": Code(
        409, "Limit reached", "Delete something, or ask an admin to raise the limit."
    ),
    "protected": Code(409, "Protected", "This cannot be changed this way."),
    "idempotency_in_progress": Code(
        409, "Still in progress", "Wait, then send the same request again."
    ),
    "precondition_failed": Code(
        412, "Precondition failed", "Read the object again and use its new ETag."
    ),
    "payload_too_large": Code(
        413, "Payload too large", "Send a smaller body, or fewer items at once."
    ),
    "unsupported_media_type": Code(
        415, "Unsupported media type", "Send Content-Type: application/json."
    ),
    "idempotency_mismatch": Code(
        422, "Idempotency mismatch", "Use a new Idempotency-Key for a new request."
    ),
    "parse_error": Code(400, "Body not readable", "Send one well-formed JSON object."),
    "validation_error": Code(400, "Invalid input", "Correct the fields named in errors."),
    "confirmation_required": Code(
        428, "Confirmation required", "Repeat with confirm=true if impact is acceptable."
    ),
    "throttled": Code(429, "Too many requests", "Wait for Retry-After seconds."),
    "unavailable": Code(
        503,
        "Not available for the moment",
        "Wait for Retry-After seconds, then send the same request again.",
    ),
    "internal_error": Code(500, "Internal error", "Try again; report the request id if it stays."),
}

FIELD_CODES = {
    "required": "The field must be given.",
    "unknown_field": "There is no such field.",
    "read_only": "The field cannot be written.",
    "invalid": "The value has the wrong type or form.",
    "invalid_choice": "The value is not one of those allowed.",
    "too_long": "The text is too long.",
    "out_of_range": "The number is too small or too large.",
    "too_old": "What happened then is not kept any more: fetch everything.",
    "not_unique": "Another object has this value already.",
    "not_found": "What the value names does not exist.",
    "masked_secret": "A mask was sent back instead of the secret.",
}

# What DRF and Django call them.
_FIELD_CODE_OF = {
    "blank": "required",
    "null": "invalid",
    "max_length": "too_long",
    "min_length": "invalid",
    "max_value": "out_of_range",
    "min_value": "out_of_range",
    "unique": "not_unique",
    "does_not_exist": "invalid_choice",
    "max_string_length": "too_long",
    "max_digits": "out_of_range",
    "max_whole_digits": "out_of_range",
    "max_decimal_places": "out_of_range",
}


MAX_ERRORS = 100
"""How many wrong fields an answer names: no input makes an answer many times its own size."""
MAX_TEXT = 2000
"""Characters of what an answer says of each: some of it is what the caller has sent."""


def _shortened(text: str) -> str:
    return text if len(text) <= MAX_TEXT else f"{cut(text, MAX_TEXT - 1)}…"


class ApiError(Exception):
    """An error with a code of `CODES`. `extra` members are added to the answer."""

    def __init__(
        self,
        code: str,
        detail: str = "",
        *,
        errors: list[dict[str, str]] | None = None,
        headers: Mapping[str, str] | None = None,
        **extra: Any,
    ) -> None:
        self.code = code
        self.status, self.title, self.cure = CODES[code]
        self.detail = _shortened(detail or f"{self.title}. {self.cure}")
        super().__init__(self.detail)
        self.errors = [{n: _shortened(one[n]) for n in one} for one in errors or ()]
        self.headers = dict(headers or {})
        self.extra = extra

    def body(self, request_id: str) -> dict[str, Any]:
        """The problem details document."""
        return {
            "type": f"urn:syteops:problem:{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "request_id": request_id,
            "errors": self.errors,
            **self.extra,
        }


def as_api_error(error: BaseException, prefix: str = "#") -> ApiError:
    """Any exception as an ApiError; one that nobody foresaw as internal_error, telling nothing.

    `prefix` is the JSON Pointer (RFC 6901) of the input inside the body.
    """
    if isinstance(error, ApiError):
        return error
    if isinstance(error, Invalid):
        return _invalid(_field_error(one, prefix) for one in error.errors)
    if isinstance(error, DomainError):
        away = {"Retry-After": str(RETRY_AFTER)} if isinstance(error, Unavailable) else None
        return ApiError(error.code, error.detail, headers=away, **bounded(error.extra))
    if isinstance(error, exceptions.ValidationError):
        return _invalid(_flatten(error.detail, prefix))
    if isinstance(error, IntegrityError):
        return ApiError("conflict", "Another request changed the same thing. Try again.")
    return _foreign(error)


def _foreign(error: BaseException) -> ApiError:
    """What Django and DRF raise by themselves."""
    if isinstance(error, DisallowedHost):
        return bad_header(_WRONG_HOST)
    if is_outage(error):
        return unavailable()
    if isinstance(error, (exceptions.NotAuthenticated, exceptions.AuthenticationFailed)):
        return not_authenticated()
    for kind, code, is_for_callers in _FOREIGN:
        if isinstance(error, kind):
            return ApiError(code, str(error) if is_for_callers else "")
    return ApiError("internal_error")


# The first that fits; the flag says whether the message is written for callers.
_FOREIGN: list[tuple[type[BaseException], str, bool]] = [
    (exceptions.ParseError, "parse_error", True),
    (exceptions.UnsupportedMediaType, "unsupported_media_type", False),
    (exceptions.NotAcceptable, "not_acceptable", False),
    (exceptions.MethodNotAllowed, "method_not_allowed", True),
    (exceptions.NotFound, "not_found", False),
    (Http404, "not_found", False),
    (exceptions.PermissionDenied, "permission_denied", True),
    (DjangoPermissionDenied, "permission_denied", True),
    (RequestDataTooBig, "payload_too_large", False),
    (SuspiciousOperation, "parse_error", False),
    (UnreadablePostError, "parse_error", False),
]


_WRONG_HOST = (
    "The Host header names no host of this site. Whoever runs it adds the name to the setting "
    "ALLOWED_HOSTS."
)


def unavailable() -> ApiError:
    """The 503 for what may work in some seconds; it says in how many (RFC 9110, section 10.2.3)."""
    return ApiError("unavailable", headers={"Retry-After": str(RETRY_AFTER)})


def not_authenticated(code: str = "not_authenticated") -> ApiError:
    """The 401 that every caller without a valid key gets, alike in every case (RFC 6750)."""
    return ApiError(code, headers={"WWW-Authenticate": 'Bearer realm="SyteOps Manage API"'})


def bad_header(detail: str) -> ApiError:
    """The 400 for a header of the wrong form. No pointer leads there, so `detail` names it."""
    error = {"pointer": "#", "code": "invalid", "detail": detail}
    return ApiError("validation_error", detail, errors=[error])


def _invalid(found: Iterable[dict[str, str]]) -> ApiError:
    errors = list(islice(found, MAX_ERRORS))
    named = ", ".join(filter(None, dict.fromkeys(_last_name(one["pointer"]) for one in errors)))
    detail = f"Nothing was stored. Correct: {named}." if named else errors[0]["detail"]
    return ApiError("validation_error", detail, errors=errors)


def _last_name(pointer: str) -> str:
    """The field that a pointer leads to, and the list for one of its items ("" for the whole)."""
    return next((step for step in reversed(pointer.split("/")[1:]) if not step.isdecimal()), "")


def _field_error(error: FieldError, prefix: str) -> dict[str, str]:
    pointer = prefix + "".join(f"/{_escape(step)}" for step in error.path)
    return {"pointer": pointer, "code": error.code, "detail": error.detail}


def _flatten(detail: Any, pointer: str) -> Iterator[dict[str, str]]:
    """The leaves of DRF's nested error detail, each with its pointer."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            here = pointer if name == "non_field_errors" else f"{pointer}/{_escape(name)}"
            yield from _flatten(inner, here)
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            nested = isinstance(inner, (Mapping, list))
            yield from _flatten(inner, f"{pointer}/{index}" if nested else pointer)
    else:
        code = _FIELD_CODE_OF.get(detail.code, detail.code)
        code = code if code in FIELD_CODES else "invalid"
        yield {"pointer": pointer, "code": code, "detail": str(detail)}


def _escape(step: str | int) -> str:
    return str(step).replace("~", "~0").replace("/", "~1")


def exception_handler(error: Exception, context: Mapping[str, Any]) -> HttpResponse:
    """DRF's EXCEPTION_HANDLER: always answers, in the one shape."""
    request = context["request"]
    problem = as_api_error(error, context["view"].input_pointer)
    if problem.code == "internal_error":
        log.error("Unforeseen error in the Manage API", exc_info=error)
        got_request_exception.send(sender=None, request=getattr(request, "_request", request))
    if problem.code == "unavailable" and is_outage(error):
        log_outage(error, request.method, request.path)
    if problem.code == "method_not_allowed":
        problem.headers.setdefault("Allow", ", ".join(context["view"].allowed_methods))
    return _answer(problem, request)


def log_outage(error: BaseException, method: str | None, path: str) -> None:
    """The one line that the log gets of a request for which something was away."""
    log.error("Not available: %s %s", method, path, exc_info=error)


def problem_response(request: HttpRequest, error: BaseException) -> HttpResponse:
    """The same answer outside DRF, such as for a host that is not allowed."""
    return _answer(as_api_error(error), request)


def _answer(problem: ApiError, request: HttpRequest) -> HttpResponse:
    body, media_type = _shown(problem, request)
    return HttpResponse(rendering.dump(body), media_type, problem.status, headers=problem.headers)


def _shown(problem: ApiError, request: HttpRequest) -> tuple[dict[str, Any], str]:
    """The body of the refusal and its media type.

    The envelope of dispatch is no problem document, though it has all of its members: some tools
    read no other JSON than `application/json`.
    """
    body = problem.body(getattr(request, "request_id", ""))
    if not is_dispatch(request.path_info):
        return body, PROBLEM_TYPE
    failed = {"ok": False, "data": None, "changed": False, "error": problem.detail}
    return {**failed, **body}, JSON_TYPE
