"""The page that Prometheus scrapes: the site's state and its calls, in its text format.

The state comes from the database, so every server process answers alike; calls are counted by each
process and summed for the machine. Nothing here tells who called.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from manage_api import throttling
from manage_api.errors import ApiError
from manage_api.principals import Stranger
from syteops.core.actors import Actor, Channel
from syteops.core.addresses import client_address
from syteops.dashboard.measured import call_metrics, delivery_metrics, site_metrics, task_metrics
from syteops.dashboard.status import site_state
from syteops.integrations.queries import running


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """200 for whoever sends the token; 401 without it; 404 while the integration is off.

    A wrong token counts like a wrong key: too many of both together cut the address off (429).
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    credential = f"metrics {token}"
    try:
        throttling.check_failures(client_address(request), credential)
    except ApiError as refusal:
        return HttpResponse(status=refusal.status, headers=refusal.headers)
    setup = running("prometheus")
    if setup is None:
        raise Http404
    if scheme.lower() != "bearer" or not constant_time_compare(token, setup.secrets["token"]):
        stranger = partial(Actor.from_request, request, Stranger(), Channel.PUBLIC, "metrics")
        throttling.count_failure(client_address(request), credential, stranger)
        return HttpResponse(status=401, headers={"WWW-Authenticate": "Bearer"})
    throttling.note_success(credential)
    return _rendered(site_state())


def _rendered(state: dict[str, Any]) -> HttpResponse:
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.exposition import CONTENT_TYPE_LATEST

    registry = CollectorRegistry()
    for collect in (partial(site_metrics, state), call_metrics, delivery_metrics, task_metrics):
        registry.register(_Collector(collect))
    return HttpResponse(generate_latest(registry), CONTENT_TYPE_LATEST)


@dataclass(frozen=True)
class _Collector:
    """What the client library asks for the values of one scrape."""

    collect: Callable[[], Iterator[Any]]
