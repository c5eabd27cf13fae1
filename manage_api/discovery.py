"""How tools find the API and learn about it, by standards. Public facts, no site data."""

from collections.abc import Callable
from typing import Any

from django.urls import reverse

from manage_api.openapi.parts import ARAZZO_TYPE, OPENAPI_TYPE
from manage_api.views import address_of

_CATALOG = "manage-api-catalog"


def links_to_descriptions() -> str:
    """The `Link` header (RFC 8288) of what describes the API, and of where APIs are listed."""
    catalog = f'<{catalog_address()}>; rel="api-catalog"'
    described = (
        f'<{path}>; rel="{relation}"; type="{media_type}"'
        for relation, path, media_type in _descriptions()
    )
    return ", ".join((*described, catalog))


def catalog_address() -> str:
    """Where APIs are listed: at the host itself, or below SCRIPT_NAME."""
    return reverse(_CATALOG)


def linkset(absolute: Callable[[str], str]) -> dict[str, Any]:
    """What APIs there are on this host (RFC 9264)."""
    root, here = absolute(address_of("/")), absolute(catalog_address())
    about = {
        relation: [{"href": absolute(path), "type": media_type}]
        for relation, path, media_type in (
            *_descriptions(),
            ("status", reverse("readyz"), "application/json"),
        )
    }
    return {"linkset": [{"anchor": here, "item": [{"href": root}]}, {"anchor": root, **about}]}


def _descriptions() -> list[tuple[str, str, str]]:
    """Relation (RFC 8631), path and media type of each document about the API."""
    return [
        ("service-desc", address_of("/schema"), OPENAPI_TYPE),
        ("service-doc", address_of("/docs"), "text/html"),
        ("service-meta", address_of("/workflows"), ARAZZO_TYPE),
    ]
