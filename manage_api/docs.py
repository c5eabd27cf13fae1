"""The OpenAPI document and the interactive page. Public facts about the API, no site data."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.views.generic import TemplateView

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


class DocsView(TemplateView):
    """Scalar's reference from this server's own files: it works offline and under a strict CSP."""

    http_method_names = ("get", "head")
    template_name = "reference.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.accepts("text/html"):
            return problem_response(request, ApiError("not_acceptable"))
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        addresses = {name: address_of(f"/{name}") for name in ("schema", "manifest")}
        return {**super().get_context_data(**kwargs), **addresses, "admin": reverse("admin:index")}

    def http_method_not_allowed(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """In the API's shape, as every address below its root."""
        allowed = {"Allow": "GET, HEAD"}
        return problem_response(request, ApiError("method_not_allowed", headers=allowed))
