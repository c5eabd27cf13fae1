"""Who is calling. A key in the request decides alone; without one, the session does.

Both ways end in a `Principal` in `request.auth`, or in the same 401 for every kind of failure.
"""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from rest_framework import authentication
from rest_framework.request import Request

from manage_api.errors import ApiError, not_authenticated
from manage_api.keys import verification
from manage_api.principals import Person, Principal
from syteops.people.passwords import must_change_first

KEY_HEADER = "HTTP_X_API_KEY"


class KeyAuthentication(authentication.BaseAuthentication):
    """`X-API-Key: som_…` or `Authorization: Bearer som_…` (RFC 6750, section 2.1)."""

    def authenticate(self, request: Request) -> tuple[None, Principal] | None:
        keys = presented_keys(request._request)
        if not keys:
            return None
        if len(keys) > 1:
            raise not_authenticated()
        door = request.parser_context["view"].door
        return None, verification.caller_for(keys.pop(), request._request, door)

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="SyteOps Manage API"'


class SessionAuthentication(authentication.SessionAuthentication):
    """A logged-in person's session, with CSRF protection for every unsafe method."""

    def authenticate(self, request: Request) -> tuple[Any, Principal] | None:
        found = super().authenticate(request)
        if found is None:
            return None
        if must_change_first(request._request):
            raise ApiError("permission_denied", "Choose a new password in the admin first.")
        return found[0], Person(found[0])


def presented_credential(request: HttpRequest) -> str:
    """What the request is to be let in for: its key, else its session's cookie; "" for neither."""
    keys = presented_keys(request)
    if not keys:
        return request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
    return keys.pop() if len(keys) == 1 else ""


def presented_keys(request: HttpRequest) -> set[str]:
    """The different keys in the request's headers. Never read from a URL or body."""
    keys = set()
    if (value := request.META.get(KEY_HEADER)) is not None:
        keys.add(value.strip())
    if (header := request.META.get("HTTP_AUTHORIZATION")) is not None:
        scheme, _, value = header.partition(" ")
        keys.add(value.strip() if scheme.lower() == "bearer" else "")
    return keys
