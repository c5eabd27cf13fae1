"""Every address of the site."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from syteops.dashboard.metrics import metrics
from syteops.modules.pages import module_pages
from syteops.server import error_pages, health
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

handler400 = error_pages.bad_request
handler403 = error_pages.forbidden
handler404 = error_pages.not_found
handler500 = error_pages.server_error
