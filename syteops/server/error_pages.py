"""What answers where Django has only a bare line: 400, 403, 404, 500 and 503.

Below the API it is a problem document (RFC 9457), anywhere else a page that says what to do next.
"""

import sys

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from manage_api.errors import ApiError, log_outage, problem_response
from syteops.core.outages import RETRY_AFTER, is_outage, took_too_long
from syteops.core.plain_pages import plain_page
from syteops.lib.paths import is_api

_PAGES = {
    400: (
        "This request cannot be understood",
        "Nothing was stored. Go back, load the page again, and try once more.",
    ),
    403: (
        "You may not do this",
        "Your rights do not reach so far. Nothing was stored.",
        "Somebody who manages people here can give you the right.",
    ),
    404: (
        "There is no such page",
        "The address is wrong, or what was there has been deleted or switched off.",
    ),
}


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """`handler400`."""
    return _answer(request, 400, exception)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """`handler403`."""
    return _answer(request, 403, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """`handler404`."""
    return _answer(request, 404, exception)


def _answer(request: HttpRequest, status: int, exception: Exception) -> HttpResponse:
    if is_api(request.path_info):
        return problem_response(request, exception)
    # A page of a module may be a client's, who has no business in the admin.
    is_nobodys = status == 404 and request.resolver_match is None
    return plain_page(request.path_info, status, *_PAGES[status], leads_back=is_nobodys)


def server_error(request: HttpRequest) -> HttpResponse:
    """`handler500`: 503 where something that the site needs is away."""
    error = sys.exception()
    if error is not None and is_outage(error):
        return unavailable(request, error)
    if is_api(request.path_info):
        return problem_response(request, ApiError("internal_error"))
    return plain_page(
        request.path_info,
        500,
        "Something went wrong here",
        "It is not your fault. What you sent may not have been stored: look before you try again.",
        _whom_to_tell(request),
    )


def unavailable(request: HttpRequest, error: BaseException) -> HttpResponse:
    """503 with Retry-After, and one line in the log. Needs nothing that may be away itself."""
    log_outage(error, request.method, request.path)
    if is_api(request.path_info):
        return problem_response(request, error)
    page = plain_page(
        request.path_info,
        503,
        f"{settings.SITE_NAME} is not available for the moment",
        "Something that it needs does not answer. Nothing was stored. Try again in a moment.",
        _whom_to_tell(request),
    )
    page.headers["Retry-After"] = str(RETRY_AFTER)
    # See `PageBudgetMiddleware`. To be stored, it may have waited for others who write.
    waited = request.method != "GET" or not took_too_long(error)
    page.waited_for_others = waited  # type: ignore[attr-defined]
    return page


def _whom_to_tell(request: HttpRequest) -> str:
    number = getattr(request, "request_id", "")
    return f"If this stays, tell whoever runs this site, with the number {number}."
