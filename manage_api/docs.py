"""The OpenAPI document and the interactive page. Public facts about the API, no site data."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny

from manage_api.errors import ApiError, problem_response
from manage_api.openapi.document import document
from manage_api.rendering import dump
from manage_api.views import address_of


def schema(request: HttpRequest) -> HttpResponse:
    """The OpenAPI 3.1 document as JSON."""
    if request.method not in ("GET", "HEAD"):
        refusal = ApiError("method_not_allowed", headers={"Allow": "GET, HEAD"})
        return problem_response(request, refusal)
    return HttpResponse(dump(document()), "application/vnd.oai.openapi+json")


class DocsView(SpectacularSwaggerSplitView):
    """Swagger UI from this server's own files: it works offline and under a strict CSP."""

    permission_classes = (AllowAny,)
    authentication_classes = ()
    throttle_classes = ()
    http_method_names = ("get", "head")

    @property
    def url(self) -> str:  # type: ignore[override]
        """Where the page finds the document."""
        return address_of("/schema")

    def handle_exception(self, exc: Exception) -> Any:
        """In the API's shape: the page's own renderer would want a template."""
        return problem_response(self.request, exc)
