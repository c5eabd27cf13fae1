"""However slow the calls of one caller are, others have their turn."""

from collections.abc import Callable
from itertools import count
from time import perf_counter
from typing import Any

import pytest
from django.db import OperationalError
from psycopg.errors import QueryCanceled

from manage_api import execution, throttling, views
from syteops.server import compression
from tests.fixtures import Api

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def two_seconds(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.MANAGE_API_SECONDS_PER_MINUTE = 2
    monkeypatch.setattr(throttling, "_slow", set())


def work_by(monkeypatch: pytest.MonkeyPatch, clock: Any) -> None:
    for module in (throttling, views):
        monkeypatch.setattr(module, "worked", clock)


def take_each(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Have each call take so much of a processor."""
    clock = count(0, seconds)
    work_by(monkeypatch, lambda: next(clock))


def test_whose_calls_took_too_long_together_waits(
    api: Api, make_key: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    take_each(monkeypatch, 0.6)
    for path in ("/crm-systems", "/whoami", "/crm-systems?wrong=1", "/crm-systems/999"):
        assert api.get(path).status_code in (200, 400, 404)

    for refused in (
        api.get("/whoami"),
        api.post("/crm-systems", {"name": "HubSpot"}),
        api.dispatch("crm.list"),
    ):
        assert (refused.status_code, refused.json()["code"]) == (429, "throttled")
        assert refused.headers["RateLimit-Policy"] == '"second";q=2;w=60'
        assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert Api(make_key("crm:read")).get("/crm-systems").status_code == 200


def test_what_compressing_an_answer_takes_is_counted(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is kept costs little, and to compress 8 MB of it each time much."""
    passed = [0.0]
    work_by(monkeypatch, lambda: passed[0])

    def compress(body: bytes) -> bytes:
        passed[0] += 2
        return b""

    monkeypatch.setattr(compression, "_compress_once", compress)
    assert api.get("/manifest", accept_encoding="gzip").status_code == 200
    assert api.get("/whoami").status_code == 429


def let_the_database_take(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Have each call wait so long for it."""
    monkeypatch.setattr(views, "perf_counter", lambda: perf_counter() - seconds)


@pytest.mark.parametrize("over_dispatch", [False, True])
def test_what_the_database_server_does_for_a_long_read_is_counted(
    api: Api, monkeypatch: pytest.MonkeyPatch, over_dispatch: bool
) -> None:
    """It takes up a process. A write may have waited for others."""
    let_the_database_take(monkeypatch, 2.0)
    for name in ("HubSpot", "Pipedrive"):
        assert api.post("/crm-systems", {"name": name}).status_code == 201

    read = api.dispatch("crm.list") if over_dispatch else api.get("/crm-systems")

    assert read.status_code == 200
    assert api.get("/whoami").status_code == 429


@pytest.mark.parametrize(("cause", "then"), [(QueryCanceled("slow"), 429), (None, 503)])
def test_a_read_that_was_too_slow_is_counted_and_an_outage_is_not(
    api: Api, monkeypatch: pytest.MonkeyPatch, cause: Exception | None, then: int
) -> None:
    def fail(*_: Any) -> None:
        raise OperationalError from cause

    monkeypatch.setattr(execution, "_read", fail)
    let_the_database_take(monkeypatch, 2.0)

    assert api.get("/crm-systems").status_code == 503
    assert api.get("/crm-systems").status_code == then


def test_quick_calls_are_only_counted(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    take_each(monkeypatch, throttling.SLOW * 0.9)
    for _ in range(30):
        assert api.get("/crm-systems").status_code == 200


def test_nought_is_no_limit(api: Api, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.MANAGE_API_SECONDS_PER_MINUTE = 0
    take_each(monkeypatch, 0.6)
    for _ in range(9):
        assert api.get("/crm-systems").status_code == 200
