"""Times in the admin are shown in the zone and the language of the team member who looks."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from syteops.adminkit.moments import shown_to
from syteops.lib.paths import is_api
from syteops.team.queries import live_members


class OwnTimesMiddleware:
    """Asks the database only for a page that shows a time, and nothing without a session."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME not in request.COOKIES or is_api(request.path_info):
            return self.get_response(request)
        with shown_to(lambda: _preference(request.user)):
            return self.get_response(request)


def _preference(person: Any) -> tuple[str, str]:
    if not person.is_authenticated:
        return "", ""
    mine = live_members().filter(user=person.pk).order_by("number")
    return mine.values_list("time_zone", "language").first() or ("", "")
