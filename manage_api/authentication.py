"""A logged-in person's session, and where in a request credentials are found.

Who holds a key is known above this framework: settings list the authentication classes. The key's
comes first, so that a key in the request decides alone, and the last one rejects whoever is left.
"""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from rest_framework import authentication
from rest_framework.request import Request

from manage_api.errors import ApiError
from manage_api.principals import PersonPrincipal
from syteops.people.first_things import first_thing

KEY_HEADER = "HTTP_X_API_KEY"


class SessionAuthentication(authentication.SessionAuthentication):
    """A logged-in person's session, with CSRF protection for every unsafe method."""

    def authenticate(self, request: Request) -> tuple[Any, PersonPrincipal] | None:
        found = super().authenticate(request)
        if found is None:
            return None
        if first := first_thing(request._request):
            raise ApiError("permission_denied", first.told)
        return found[0], PersonPrincipal(found[0])


def presented_credential(request: HttpRequest) -> str:
    """What the request is to be let in for: its key, else its session's cookie; "" for neither."""
    keys = presented_keys(request)
    if not keys:
        return request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
    return keys.pop() if len(keys) == 1 else ""


def presents_key(request: HttpRequest) -> bool:
    """Whether the request has a header for keys: then that alone decides who calls."""
    return KEY_HEADER in request.META or "HTTP_AUTHORIZATION" in request.META


def presented_keys(request: HttpRequest) -> set[str]:
    """The different keys in the request's headers. Never read from a URL or body."""
    keys = set()
    if (value := request.META.get(KEY_HEADER)) is not None:
        keys.add(value.strip())
    if (header := request.META.get("HTTP_AUTHORIZATION")) is not None:
        scheme, _, value = header.partition(" ")
        keys.add(value.strip() if scheme.lower() == "bearer" else "")
    return keys
