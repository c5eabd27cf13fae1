"""Every address of the site."""

import sys
from collections.abc import Callable

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views import defaults
from django.views.generic import RedirectView

from manage_api.errors import ApiError, problem_response
from syteops.core.outages import is_outage
from syteops.dashboard.metrics import metrics
from syteops.lib.paths import is_api
from syteops.modules.pages import module_pages
from syteops.server import health
from syteops.server.unavailable import unavailable
from syteops.team import views as team

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("readyz", health.readyz, name="readyz"),
    path("admin/", admin.site.urls),
    path("uploads/<path:name>", team.picture, name="team_teammember_picture"),
    path("metrics", metrics),
    path("", include("manage_api.urls")),
    *module_pages(),
]


def _or_problem(page: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Django's own page of an error; below the API, a problem document."""

    def handler(request: HttpRequest, exception: Exception) -> HttpResponse:
        if is_api(request.path_info):
            return problem_response(request, exception)
        return page(request, exception)

    return handler


handler400 = _or_problem(defaults.bad_request)
handler403 = _or_problem(defaults.permission_denied)
handler404 = _or_problem(defaults.page_not_found)


def handler500(request: HttpRequest) -> HttpResponse:
    error = sys.exception()
    if error is not None and is_outage(error):
        return unavailable(request, error)
    if is_api(request.path_info):
        return problem_response(request, ApiError("internal_error"))
    return defaults.server_error(request)
