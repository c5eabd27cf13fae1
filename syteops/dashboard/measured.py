"""The metrics in the words of the package prometheus-client, imported when they are asked for."""

from collections.abc import Iterator
from itertools import accumulate
from typing import Any

from syteops.core import request_counts
from syteops.deliveries.queries import count_undelivered
from syteops.events.publishing import seconds_behind
from syteops.tasks.queries import task_state


def site_metrics(state: dict[str, Any]) -> Iterator[Any]:
    """The state of the site."""
    from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily

    shown = {"version": state["version"], "database": state["database"]}
    yield InfoMetricFamily("syteops", "This installation.", value=shown)
    numbers = {**state, "active_modules": len(state["active_modules"])}
    for name, about in (
        ("active_modules", "Modules that are active."),
        ("enabled_integrations", "Integrations that are enabled."),
        ("pending_migrations", "Migrations not applied yet."),
    ):
        yield GaugeMetricFamily(f"syteops_{name}", about, numbers[name])
    entities = GaugeMetricFamily("syteops_entities", "Managed objects.", labels=["resource"])
    for resource, count in state["counts"].items():
        entities.add_metric([resource], count)
    yield entities


def call_metrics() -> Iterator[Any]:
    """Calls of the API by operation, class of status and kind of caller, and how long they took."""
    from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

    found = request_counts.totals()
    about, labels = "Calls of the API.", ["operation", "status", "caller"]
    calls = CounterMetricFamily("syteops_api_requests", about, labels=labels)
    for one, tally in sorted(found.items()):
        calls.add_metric(list(one), sum(tally[:-1]))
    yield calls
    took = HistogramMetricFamily(
        "syteops_api_request_duration_seconds", "How long they took.", labels=["operation"]
    )
    bounds = [*map(str, request_counts.BOUNDS), "+Inf"]
    for name, (*buckets, seconds) in request_counts.by_operation(found).items():
        took.add_metric([name], list(zip(bounds, accumulate(buckets), strict=True)), seconds)
    yield took


def delivery_metrics() -> Iterator[Any]:
    """How far behind events are, and what has not arrived."""
    from prometheus_client.core import GaugeMetricFamily

    lag = "Age of the oldest change that is not in the event feed."
    yield GaugeMetricFamily("syteops_event_lag_seconds", lag, seconds_behind())
    about, labels = "Deliveries that wait to be sent.", ["integration"]
    waiting = GaugeMetricFamily("syteops_deliveries_waiting", about, labels=labels)
    about = "Those of them that have failed before."
    failing = GaugeMetricFamily("syteops_deliveries_failing", about, labels=labels)
    for integration, (waits, failed) in count_undelivered().items():
        waiting.add_metric([integration], waits)
        failing.add_metric([integration], failed)
    yield from (waiting, failing)


def task_metrics() -> Iterator[Any]:
    """How background tasks stand."""
    from prometheus_client.core import GaugeMetricFamily

    tasks = task_state()
    about = "How long the oldest task waits that could run."
    yield GaugeMetricFamily("syteops_task_lag_seconds", about, tasks.lag)
    about = "Workers that run background tasks."
    yield GaugeMetricFamily("syteops_task_workers", about, tasks.workers)
    kinds = GaugeMetricFamily("syteops_tasks", "Background tasks.", labels=["status"])
    for kind in ("ready", "running", "failed"):
        kinds.add_metric([kind], getattr(tasks, kind))
    yield kinds
