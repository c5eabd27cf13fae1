"""The OpenAPI document and the interactive page. Public facts about the API, no site data."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny

from manage_api.openapi import document
from manage_api.rendering import dump


@require_safe
def schema(request: HttpRequest) -> HttpResponse:
    """The OpenAPI 3.1 document as JSON."""
    return HttpResponse(dump(document()), "application/vnd.oai.openapi+json")


class DocsView(SpectacularSwaggerSplitView):
    """Swagger UI from this server's own files: it works offline and under a strict CSP."""

    permission_classes = (AllowAny,)
    authentication_classes = ()
    url = "/api/manage/v1/schema"
