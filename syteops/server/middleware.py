"""What every request passes: its id, its content policy and the demand for HTTPS.

Everything here runs on each API call as well, so nothing here asks the database unless a session
says that there is something to ask.
"""

import os
import re
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.security import SecurityMiddleware

from manage_api.errors import ApiError, problem_response
from syteops.core.plain_pages import plain_page
from syteops.lib.paths import ADMIN_PREFIX, is_api, is_for_tools
from syteops.server.health import healthz
from syteops.server.logs import request_id

GetResponse = Callable[[HttpRequest], HttpResponse]

# --- Below a path --------------------------------------------------------------------------


class SubPathMiddleware:
    """Where SCRIPT_NAME is set, takes it off the path, for proxies that leave it there."""

    def __init__(self, get_response: GetResponse) -> None:
        if not settings.FORCE_SCRIPT_NAME:
            raise MiddlewareNotUsed
        self.get_response = get_response
        self.prefix: str = settings.FORCE_SCRIPT_NAME

    def __call__(self, request: HttpRequest) -> HttpResponse:
        path = request.path_info
        if path == self.prefix or path.startswith(f"{self.prefix}/"):
            request.path_info = path[len(self.prefix) :] or "/"
            request.path = self.prefix + request.path_info
        return self.get_response(request)


# --- The request id ------------------------------------------------------------------------

_SANE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


class RequestIdMiddleware:
    """Gives every request an id: the caller's own when it is harmless, else a fresh one.

    The id is `request.request_id`, the response's X-Request-ID, and part of every log line.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        chosen = given if _SANE_ID.fullmatch(given) else os.urandom(16).hex()
        request.request_id = chosen  # type: ignore[attr-defined]
        # Not reset afterwards: Django logs a failed response after the last middleware is left.
        # The next request of this thread sets its own.
        request_id.set(chosen)
        response = self.get_response(request)
        response.headers["X-Request-ID"] = chosen
        return response


# --- What the gateway refused ---------------------------------------------------------------

REFUSAL = "syteops.refusal"
"""The ApiError in the environment of a request whose body was not taken. No header is named so."""


class RefusalMiddleware:
    """Answers a request that was refused before it was complete. Touches nothing that waits."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        refusal: ApiError | None = request.META.get(REFUSAL)
        if refusal is None:
            return self.get_response(request)
        return _refuse(request, refusal)


def _refuse(request: HttpRequest, refusal: ApiError) -> HttpResponse:
    response = problem_response(request, refusal)
    response.headers["Cache-Control"] = "no-store"
    if is_for_tools(request.path_info):
        return response
    texts = (refusal.detail, "Nothing was stored.")
    page = plain_page(request.path_info, response.status_code, refusal.title, *texts)
    response.content = page.content
    for name in ("Content-Type", "Content-Security-Policy"):
        response.headers[name] = page.headers[name]
    return response


# --- Health --------------------------------------------------------------------------------


class AliveMiddleware:
    """Answers /healthz before anything that could wait: sessions, the database, the cache."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return (healthz if request.path_info == "/healthz" else self.get_response)(request)


# --- HTTPS ---------------------------------------------------------------------------------


class HttpsMiddleware(SecurityMiddleware):
    """Django's, but what comes over plain http from a tool, or to be stored, is not redirected.

    The tool's key has just travelled in the clear, which a redirect would hide for ever; and it
    turns a POST into a GET, which answers 200 and stores nothing (RFC 9110, section 15.4.2).
    """

    def process_request(self, request: HttpRequest) -> HttpResponseBase | None:  # type: ignore[override]
        redirect = super().process_request(request)
        if redirect is None:
            return None
        if is_for_tools(request.path_info) or _carries_key(request):
            return problem_response(request, ApiError("https_required"))
        return redirect if request.method in ("GET", "HEAD", "OPTIONS") else _over_https(redirect)


def _over_https(redirect: HttpResponseBase) -> HttpResponse:
    texts = (
        "Nothing was stored: it was sent over plain http, where others can read it.",
        f"Open {redirect.headers['Location']} and send it again.",
    )
    return plain_page("", 403, "HTTPS is required", *texts)


def _carries_key(request: HttpRequest) -> bool:
    """Whether a tool calls, whatever address it made up, such as `//api/…` from two slashes."""
    is_bearer = request.headers.get("Authorization", "").lower().startswith("bearer ")
    return is_bearer or "X-API-Key" in request.headers  # Basic: a person behind a proxy's password


# --- The character encoding ----------------------------------------------------------------

_TEXT_ENCODINGS = frozenset(("utf-8", "utf8", "us-ascii"))


_FORMS = frozenset(("application/x-www-form-urlencoded", "multipart/form-data"))


class CharsetMiddleware:
    """Refuses a body in another encoding than UTF-8, at every address, before anything reads it.

    So is one that is compressed, which nobody unpacks here; and one that is no form where forms are
    sent to: it would pass for an empty one, which clears every field of an object.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not (detail := _why_unreadable(request)):
            return self.get_response(request)
        if is_api(request.path_info):
            return problem_response(request, ApiError("unsupported_media_type", detail))
        return HttpResponse(detail, "text/plain; charset=utf-8", 415)


def _why_unreadable(request: HttpRequest) -> str:
    charset = (request.content_params or {}).get("charset")
    if charset is not None and charset.strip("'\" ").lower() not in _TEXT_ENCODINGS:
        return _ONLY_UTF8
    coding = request.META.get("HTTP_CONTENT_ENCODING")
    if coding and coding.strip().lower() != "identity" and _has_body(request):
        return _NOT_PACKED
    return _ONLY_FORMS if request.method == "POST" and _is_for_nobody(request) else ""


def _is_for_nobody(request: HttpRequest) -> bool:
    return (
        request.content_type not in _FORMS
        and _has_body(request)
        and not is_for_tools(request.path_info)
    )


def _has_body(request: HttpRequest) -> bool:
    return request.META.get("CONTENT_LENGTH", "0") not in ("", "0")


_ONLY_FORMS = "Send a form here: Content-Type: application/x-www-form-urlencoded."
_NOT_PACKED = "Send the body as it is, without Content-Encoding."
_ONLY_UTF8 = "Send text in UTF-8: Content-Type: application/json; charset=utf-8."


# --- The content security policy -----------------------------------------------------------

DOCS_SUFFIX = "/docs"

# Answers of the API and public pages: own styles and pictures, own forms, no script at all.
STRICT_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# Scalar's reference: own scripts that call the own API. It sets inline styles.
DOCS_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# The admin theme is built on Alpine.js, which evaluates expressions and sets inline styles.
ADMIN_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; object-src 'none'; "
    "form-action 'self'; base-uri 'self'; frame-ancestors 'none'"
)


class ContentSecurityPolicyMiddleware:
    """Sends the narrowest policy that a page works with; a view's own header wins."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", policy_for(request.path_info))
        return response


def policy_for(path: str) -> str:
    """The policy of the page at `path`."""
    if path.startswith(ADMIN_PREFIX):
        return ADMIN_POLICY
    if is_api(path) and path.endswith(DOCS_SUFFIX):
        return DOCS_POLICY
    return STRICT_POLICY
