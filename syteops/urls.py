"""Every address of the site."""

import sys

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
    path("readyz", health.readyz),
    path("admin/", admin.site.urls),
    path("uploads/<path:name>", team.picture, name="team_teammember_picture"),
    path("metrics", metrics),
    path("", include("manage_api.urls")),
    *module_pages(),
]


def handler400(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_api(request.path_info):
        return problem_response(request, exception)
    return defaults.bad_request(request, exception)


def handler403(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_api(request.path_info):
        return problem_response(request, exception)
    return defaults.permission_denied(request, exception)


def handler404(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_api(request.path_info):
        return problem_response(request, exception)
    return defaults.page_not_found(request, exception)


def handler500(request: HttpRequest) -> HttpResponse:
    error = sys.exception()
    if error is not None and is_outage(error):
        return unavailable(request, error)
    if is_api(request.path_info):
        return problem_response(request, ApiError("internal_error"))
    return defaults.server_error(request)
