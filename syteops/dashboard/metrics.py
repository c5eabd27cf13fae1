"""The page that Prometheus scrapes: the site's state in its text format.

All values come from the database, so every server process answers alike.
"""

from collections.abc import Iterator
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
from syteops.dashboard.status import site_state
from syteops.integrations.queries import running
from syteops.tasks.queries import task_state


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
        stranger = Actor.from_request(request, Stranger(), Channel.PUBLIC, "metrics")
        throttling.count_failure(stranger, credential)
        return HttpResponse(status=401, headers={"WWW-Authenticate": "Bearer"})
    throttling.note_success(credential)
    return _rendered(site_state())


def _rendered(state: dict[str, Any]) -> HttpResponse:
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.exposition import CONTENT_TYPE_LATEST

    registry = CollectorRegistry()
    registry.register(_SiteCollector(state))
    return HttpResponse(generate_latest(registry), CONTENT_TYPE_LATEST)


class _SiteCollector:
    """What the client library asks for the values of one scrape."""

    def __init__(self, state: dict[str, Any]) -> None:
        self.state = state

    def collect(self) -> Iterator[Any]:
        from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily

        state = self.state
        shown = {"version": state["version"], "database": state["database"]}
        yield InfoMetricFamily("syteops", "This installation.", value=shown)
        tasks = task_state()
        numbers = {
            **state,
            "active_modules": len(state["active_modules"]),
            "task_lag_seconds": tasks.lag,
            "task_workers": tasks.workers,
        }
        for name, about in (
            ("active_modules", "Modules that are active."),
            ("enabled_integrations", "Integrations that are enabled."),
            ("pending_migrations", "Migrations not applied yet."),
            ("task_lag_seconds", "How long the oldest task waits that could run."),
            ("task_workers", "Workers that run background tasks."),
        ):
            yield GaugeMetricFamily(f"syteops_{name}", about, numbers[name])
        entities = GaugeMetricFamily("syteops_entities", "Managed objects.", labels=["resource"])
        for resource, count in state["counts"].items():
            entities.add_metric([resource], count)
        yield entities
        kinds = GaugeMetricFamily("syteops_tasks", "Background tasks.", labels=["status"])
        for kind in ("ready", "running", "failed"):
            kinds.add_metric([kind], getattr(tasks, kind))
        yield kinds
