"""What a request is answered for which the database, the cache or the disk is away."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from manage_api.errors import log_outage, problem_response
from syteops.core.outages import RETRY_AFTER
from syteops.lib.paths import is_api


def unavailable(request: HttpRequest, error: BaseException) -> HttpResponse:
    """503 with Retry-After, and one line in the log. Needs nothing that may be away itself."""
    log_outage(error, request.method, request.path)
    if is_api(request.path_info):
        return problem_response(request, error)
    number = getattr(request, "request_id", "")
    shown = {
        "title": f"{settings.SITE_NAME} is not available for the moment",
        "texts": (
            "Something that it needs does not answer. Nothing was stored. Try again in a moment.",
            f"If this stays, tell whoever runs this site, with the number {number}.",
        ),
    }
    return HttpResponse(
        render_to_string("plain.html", shown),
        status=503,
        headers={"Retry-After": str(RETRY_AFTER), "Cache-Control": "no-store"},
    )
