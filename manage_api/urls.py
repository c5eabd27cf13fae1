"""The API's addresses. Everything below the root that is none of them answers in our shape."""

from django.urls import include, path, re_path

from manage_api import docs
from manage_api.dispatch import DispatchView
from manage_api.manifest import ManifestView
from manage_api.routers import router
from manage_api.whoami import NowhereView, RootView, WhoAmIView
from syteops.lib.paths import OLDER_ROOT

# What is asked for most stands first: an address is compared with one after the other.
urlpatterns = [
    path("api/manage/v1/manifest", ManifestView.as_view()),
    path("api/manage/v1/dispatch", DispatchView.as_view()),
    path("api/manage/v1/whoami", WhoAmIView.as_view()),
    path("api/manage/v1/", include(router.urls)),
    path("api/manage/v1/dry-run/", include(router.urls)),
    path("api/manage/v1", RootView.as_view()),
    path("api/manage/v1/", RootView.as_view()),
    path("api/manage/v1/schema", docs.SchemaView.as_view(), name="manage-api-schema"),
    path("api/manage/v1/postman", docs.PostmanView.as_view()),
    path("api/manage/v1/docs", docs.DocsView.as_view(), name="manage-api-docs"),
    path("api/manage/v1/workflows", docs.WorkflowsView.as_view()),
    path(".well-known/api-catalog", docs.CatalogView.as_view(), name="manage-api-catalog"),
    # Where tools written for the WordPress product look, some with a slash at the end.
    *(
        path(f"{OLDER_ROOT[1:]}/manifest{end}", ManifestView.as_view(fields="full"))
        for end in ("", "/")
    ),
    *(path(f"{OLDER_ROOT[1:]}/dispatch{end}", DispatchView.as_view()) for end in ("", "/")),
    re_path(r"^(api/manage|wp-json/syteops)(/|$)", NowhereView.as_view()),
]
