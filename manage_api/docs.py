"""The documents about the API and the interactive page. Public facts, no site data."""

from collections.abc import Callable
from functools import cache, lru_cache, partial
from typing import Any, ClassVar

from django.urls import get_script_prefix, reverse
from rest_framework.permissions import AllowAny
from rest_framework.renderers import TemplateHTMLRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from manage_api.concurrency import etag_of, is_fresh
from manage_api.discovery import catalog_address, linkset
from manage_api.errors import problem_response
from manage_api.openapi.document import document, fetched_from
from manage_api.openapi.older import as_older
from manage_api.openapi.parts import ARAZZO_TYPE, OPENAPI_TYPE, Json
from manage_api.openapi.postman import collection
from manage_api.openapi.workflows import workflow_document
from manage_api.query import query_of_only
from manage_api.rendering import JsonRenderer, dump
from manage_api.throttling import StrangerThrottle
from manage_api.views import address_of
from syteops.core.addresses import absolute_address
from syteops.core.errors import Invalid


class OpenView(APIView):
    """Open to everybody, as often as one caller may read; as strict as the rest of the API.

    One that is asked for by ever other names is made anew for each of them.
    """

    permission_classes = (AllowAny,)
    authentication_classes = ()
    throttle_classes = (StrangerThrottle,)
    http_method_names = ("get", "head")
    query_names: ClassVar[tuple[str, ...]] = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        query_of_only(request, self.query_names)

    def handle_exception(self, exc: Exception) -> Any:
        """In the API's shape: a page's own renderer would want a template."""
        return problem_response(self.request, exc)


class OpenApiRenderer(JsonRenderer):
    """JSON under the name that the OpenAPI Initiative gave it."""

    media_type = OPENAPI_TYPE


class SchemaView(OpenView):
    """The OpenAPI 3.1 document as JSON; `?version=3.0` is a copy for older generators."""

    renderer_classes = (OpenApiRenderer, JsonRenderer)
    query_names = ("version",)

    def get(self, request: Request) -> Response:
        version = request.GET.get("version", "3.1")
        if version not in _VERSIONS:
            detail = f"The document is there as {' and '.join(_VERSIONS)}."
            raise Invalid.field("version", detail, "invalid_choice")
        site = absolute_address(request, get_script_prefix())
        return _answer(request, *_rendered(version, site))


@cache
def _older_document() -> Json:
    """Made once per process, whatever name the site is asked by: it takes long."""
    return as_older(document())


_VERSIONS: dict[str, Callable[[], Json]] = {"3.1": document, "3.0": _older_document}


@lru_cache(maxsize=8)
def _rendered(version: str, site: str) -> tuple[bytes, str]:
    """The document as it is fetched at `site`, as bytes, and their ETag."""
    body = dump(fetched_from(_VERSIONS[version](), site))
    return body, etag_of(body)


def _answer(request: Request, body: bytes, etag: str) -> Response:
    response = Response(None, 304) if is_fresh(request, etag) else Response(body)
    response["ETag"], response["Cache-Control"] = etag, "public, no-cache"
    return response


class ArazzoRenderer(JsonRenderer):
    """JSON under the name that the OpenAPI Initiative gave it."""

    media_type = ARAZZO_TYPE


class WorkflowsView(OpenView):
    """The main ways to use the API, as an Arazzo document in JSON."""

    renderer_classes = (ArazzoRenderer, JsonRenderer)

    def get(self, request: Request) -> Response:
        body = dump(workflow_document(absolute_address(request, address_of("/schema"))))
        return _answer(request, body, etag_of(body))


class LinksetRenderer(JsonRenderer):
    """JSON of links (RFC 9264)."""

    media_type = "application/linkset+json"


class CatalogView(OpenView):
    """Where the API is, for whoever knows the host alone (RFC 9727)."""

    renderer_classes = (LinksetRenderer, JsonRenderer)

    def get(self, request: Request) -> Response:
        absolute = partial(absolute_address, request)
        body = dump(linkset(absolute))
        response = _answer(request, body, etag_of(body))
        if (
            response.status_code == 200
            and request.accepted_media_type == LinksetRenderer.media_type
        ):
            response.content_type = f'{LinksetRenderer.media_type}; profile="{_RFC9727}"'
        response["Link"] = f'<{absolute(catalog_address())}>; rel="api-catalog"'
        return response


_RFC9727 = "https://www.rfc-editor.org/info/rfc9727"


class PostmanView(OpenView):
    """A Postman collection of every operation, to be downloaded."""

    renderer_classes = (JsonRenderer,)

    def get(self, request: Request) -> Response:
        site = absolute_address(request, get_script_prefix()).rstrip("/")
        name = 'attachment; filename="syteops.postman.json"'
        return Response(_collection(site), headers={"Content-Disposition": name})


@lru_cache(maxsize=8)
def _collection(server: str) -> bytes:
    return dump(collection(server))


class DocsView(OpenView):
    """Scalar's reference from this server's own files: it works offline and under a strict CSP."""

    renderer_classes = (TemplateHTMLRenderer,)

    def get(self, request: Request) -> Response:
        addresses = {name: address_of(f"/{name}") for name in ("schema", "manifest", "postman")}
        user = getattr(request._request, "user", None)  # none looked for: it came with a key
        signed_in = user is not None and user.is_authenticated
        shown = {**addresses, "signed_in": signed_in, "admin": reverse("admin:index")}
        return Response(shown, template_name="reference.html")
