"""A person with a one-time password does nothing else before choosing another."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from syteops.lib.paths import is_api
from syteops.people.passwords import must_change_first

_ALLOWED_MEANWHILE = (
    "admin:password_change",
    "admin:login",
    "admin:logout",
    "admin:jsi18n",
)


class PasswordChangeMiddleware:
    """Keeps a person with a one-time password on the page where a new one is chosen.

    On the API such a session is refused too, but there by `SessionAuthentication`: nothing may
    cost a query before failed authentication is counted. Costs nothing without a session and no
    query with an ordinary one.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if (
            settings.SESSION_COOKIE_NAME in request.COOKIES
            and not is_api(request.path_info)
            and must_change_first(request)
            and request.path not in map(reverse, _ALLOWED_MEANWHILE)
        ):
            return HttpResponseRedirect(reverse("admin:password_change"))
        return self.get_response(request)
