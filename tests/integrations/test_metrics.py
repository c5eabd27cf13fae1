"""/metrics as Prometheus reads it: what was called, how long it took, and what has not arrived."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from syteops.audit import chain
from syteops.core import request_counts
from syteops.core.outbound import Answer
from tests.deliveries.sending import post_integration
from tests.events.publish import a_system, publish
from tests.fixtures import Api
from tests.integrations.delivering import enable, set_secret

pytestmark = pytest.mark.django_db
TOKEN = "scrape-token-of-the-counts"
Scrape = Callable[..., float | None]


@pytest.fixture(autouse=True)
def _nothing_counted(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr(request_counts, "_tallies", {})
    monkeypatch.setattr(request_counts, "_shared", b"")


@pytest.fixture
def scraped(client: Client) -> Scrape:
    """The value of a sample, by its name and labels, as the library's own parser reads it."""
    set_secret("prometheus", "token", TOKEN)
    enable("prometheus")
    publish()

    def read(name: str, **labels: str) -> float | None:
        found = [one for one in samples(client) if one.name == name and one.labels == labels]
        assert len(found) <= 1
        return float(found[0].value) if found else None

    return read


def samples(client: Client) -> list[Any]:
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.content.decode())
    return [sample for one in families for sample in one.samples]


def calls(operation: str, status: str, caller: str) -> dict[str, str]:
    return {"operation": operation, "status": status, "caller": caller}


def test_nothing_tells_who_called(
    scraped: Scrape, client: Client, api: Api, make_key: Callable[..., str], alice: User
) -> None:
    key = make_key("crm:read", name="canary-name")
    Api(key).get("/crm-systems")
    text = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).content.decode()
    assert "restricted_key" in text
    assert "canary" not in text
    assert "som_" not in text
    assert key[:12] not in text


def test_what_strangers_send_makes_no_labels(scraped: Scrape, client: Client) -> None:
    for path in ("/nothing", "/crm-systems", "/canary-1", "/dispatch?resource=canary&action=x"):
        Api("som_canary").get(path)
    named = {one.labels.get("operation", "") for one in samples(client)}
    assert not any("canary" in one for one in named)


def test_calls_are_counted_by_operation_status_and_caller(
    scraped: Scrape, api: Api, make_key: Callable[..., str], as_person: Any, alice: User
) -> None:
    api.get("/crm-systems")
    api.get("/crm-systems")
    api.get("/crm-systems/999")
    api.dispatch("crm.create", {"name": "HubSpot"})
    Api(make_key("users:read")).get("/crm-systems")
    as_person(alice).get("/crm-systems")
    Api("som_nonsense").get("/crm-systems")

    name = "syteops_api_requests_total"
    assert scraped(name, **calls("crm.list", "2xx", "site_key")) == 2
    assert scraped(name, **calls("crm.get", "4xx", "site_key")) == 1
    assert scraped(name, **calls("crm.create", "2xx", "site_key")) == 1
    assert scraped(name, **calls("crm.list", "4xx", "restricted_key")) == 1
    assert scraped(name, **calls("crm.list", "2xx", "person")) == 1
    assert scraped(name, **calls("crm.list", "4xx", "nobody")) == 1


def test_how_long_calls_took_is_a_histogram(scraped: Scrape) -> None:
    for seconds in (0.001, 0.005, 0.02, 99.0):
        request_counts.count("crm.list", 200, "site_key", seconds)
    name = "syteops_api_request_duration_seconds"
    buckets = {
        bound: scraped(f"{name}_bucket", operation="crm.list", le=bound)
        for bound in ("0.005", "0.01", "0.025", "10.0", "+Inf")
    }
    assert buckets == {"0.005": 2, "0.01": 2, "0.025": 3, "10.0": 3, "+Inf": 4}
    assert scraped(f"{name}_count", operation="crm.list") == 4
    assert scraped(f"{name}_sum", operation="crm.list") == pytest.approx(99.026)


def test_the_counts_of_all_processes_are_summed(scraped: Scrape, tmp_path: Path) -> None:
    """Also of one that was killed: what it had left is not lost."""
    told = f"""
import os, signal
from django.conf import settings
settings.configure(DATA_DIR={str(tmp_path)!r})
from syteops.core import request_counts
for _ in range(3):
    request_counts.count("crm.list", 200, "site_key", 0.02)
request_counts.share()
os.kill(os.getpid(), signal.SIGKILL)
"""
    for _ in range(2):
        subprocess.run([sys.executable, "-c", told], check=False)
    request_counts.count("crm.list", 200, "site_key", 0.02)
    request_counts.share()
    total = "syteops_api_requests_total"
    assert scraped(total, **calls("crm.list", "2xx", "site_key")) == 7
    request_counts.forget_ended()
    assert scraped(total, **calls("crm.list", "2xx", "site_key")) == 1


def test_a_disk_that_takes_nothing_loses_no_count(scraped: Scrape, tmp_path: Path) -> None:
    (tmp_path / "metrics").write_text("in the way")
    request_counts.count("crm.list", 200, "site_key", 0.02)
    request_counts.share()
    (tmp_path / "metrics").unlink()
    request_counts.share()
    [left] = (tmp_path / "metrics").iterdir()
    assert b"crm.list" in left.read_bytes()
    assert scraped("syteops_api_requests_total", **calls("crm.list", "2xx", "site_key")) == 1


def test_half_a_file_does_not_hide_the_rest(scraped: Scrape, tmp_path: Path) -> None:
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics" / "calls-1.json").write_bytes(b'[["crm.list"')
    request_counts.count("crm.list", 200, "site_key", 0.02)
    assert scraped("syteops_api_requests_total", **calls("crm.list", "2xx", "site_key")) == 1


def test_events_and_deliveries_that_are_behind_show(scraped: Scrape) -> None:
    assert scraped("syteops_event_lag_seconds") == 0
    with post_integration() as post:
        post.answers["a"] = Answer(500)
        a_system()
        chain.seal_pending()
        lag = scraped("syteops_event_lag_seconds")
        assert lag is not None
        assert lag > 0
        publish()
        assert scraped("syteops_deliveries_waiting", integration="post") == 1
        assert scraped("syteops_deliveries_failing", integration="post") == 0
        post.deliver()
        assert scraped("syteops_deliveries_failing", integration="post") == 1
        assert scraped("syteops_event_lag_seconds") == 0
