"""The short way for calls of the API with a key, past what is there for people.

A key in a request decides alone, so sessions, forms' tokens, messages, sign-in limits and static
files are nothing to it. In MIDDLEWARE all that stands between the two classes of this module.
"""

from collections.abc import Callable
from typing import ClassVar

from django.http import HttpRequest, HttpResponse

from manage_api.authentication import presents_key
from syteops.lib.paths import is_api

GetResponse = Callable[[HttpRequest], HttpResponse]


class KeyCallsLeave:
    """Sends calls with a key straight to `KeyCallsEnter`, and everything else through.

    What concerns them too of what lies between is done here: an allowed Host, the answer's length.
    """

    behind: ClassVar[GetResponse]
    """What comes after `KeyCallsEnter`. Django makes the inner middleware first."""

    def __init__(self, get_response: GetResponse) -> None:
        self._for_people, self._for_keys = get_response, KeyCallsLeave.behind

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not (is_api(request.path_info) and presents_key(request)):
            return self._for_people(request)
        request.get_host()
        response = self._for_keys(request)
        if not response.streaming:
            response.headers.setdefault("Content-Length", str(len(response.content)))
        return response


class KeyCallsEnter:
    """Where both ways meet again: the last of MIDDLEWARE."""

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response
        KeyCallsLeave.behind = staticmethod(get_response)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._get_response(request)
