"""A person with something to do first does nothing else before."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from syteops.lib.paths import is_api
from syteops.people.first_things import first_thing

_ALLOWED_MEANWHILE = (
    "admin:login",
    "admin:second_step",
    "admin:passkey",
    "admin:logout",
    "admin:jsi18n",
)


class FirstThingsMiddleware:
    """Keeps a person on the page where what comes first is done.

    On the API such a session is refused too, but there by `SessionAuthentication`: nothing may
    cost a query before failed authentication is counted. Costs nothing without a session and no
    query with an ordinary one.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME not in request.COOKIES or is_api(request.path_info):
            return self.get_response(request)
        first = first_thing(request)
        if first is None or request.path in map(reverse, _ALLOWED_MEANWHILE):
            return self.get_response(request)
        page = reverse(first.page)
        return self.get_response(request) if request.path.startswith(page) else redirect(page)
