"""A running site whose database or Redis freezes, is locked, or goes away and comes back."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing

import httpx
import psycopg
import pytest
from django.db import connection

from tests.concurrency.live import LiveSite, live_site
from tests.processes import stopped
from tests.servers import RealServer, ServerUnavailable, postgresql_server, redis_server
from tests.waiting import PATIENCE, becomes_true

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def redis() -> Iterator[RealServer]:
    try:
        with redis_server() as server:
            yield server
    except ServerUnavailable as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="module")
def database() -> Iterator[RealServer | None]:
    """A server of its own on PostgreSQL runs, because it is going to be maltreated."""
    if connection.vendor != "postgresql":
        yield None
        return
    with postgresql_server() as server:
        yield server


@pytest.fixture(scope="module")
def site(
    tmp_path_factory: pytest.TempPathFactory, redis: RealServer, database: RealServer | None
) -> Iterator[LiveSite]:
    settings = {
        "DATABASE_TIMEOUT": "1",
        "DATABASE_URL": database.address if database else "",
        "CACHE_URL": f"{redis.address}/0",
    }
    with live_site(tmp_path_factory.mktemp("site") / "data", settings, workers=1) as site:
        yield site


@pytest.fixture
def client(site: LiveSite) -> Iterator[httpx.Client]:
    with site.servers[0].client() as client:
        yield client


def write(client: httpx.Client) -> httpx.Response:
    return client.post("/crm-systems", json={"name": "Acme"})


def unavailable(answer: httpx.Response) -> bool:
    return (
        answer.status_code == 503
        and answer.json()["code"] == "unavailable"
        and answer.headers["Retry-After"] == "5"
    )


def is_ready(client: httpx.Client) -> bool:
    return client.get(str(client.base_url.copy_with(path="/readyz"))).status_code == 200


@pytest.mark.sqlite_only
def test_a_writer_that_never_ends_is_waited_for_so_long_and_no_longer(
    site: LiveSite, client: httpx.Client
) -> None:
    with closing(sqlite3.connect(site.data_dir / "db.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        begun = time.monotonic()
        assert unavailable(write(client))
        assert time.monotonic() - begun < PATIENCE
        assert client.get("/crm-systems").status_code == 200
        assert not is_ready(client)
    assert becomes_true(lambda: write(client).status_code == 201)
    assert becomes_true(lambda: is_ready(client))


@pytest.mark.postgresql_only
def test_a_locked_table_is_waited_for_so_long_and_no_longer(
    client: httpx.Client, database: RealServer
) -> None:
    with psycopg.connect(database.address) as other:
        other.execute("LOCK TABLE crm_crmsystem IN ACCESS EXCLUSIVE MODE")
        begun = time.monotonic()
        assert unavailable(client.get("/crm-systems"))
        assert unavailable(write(client))
        assert time.monotonic() - begun < PATIENCE
        assert client.get("/roles").status_code == 200
    assert becomes_true(lambda: write(client).status_code == 201)


@pytest.mark.postgresql_only
def test_a_frozen_database_is_given_up_and_found_again(
    client: httpx.Client, database: RealServer
) -> None:
    with stopped(database.processes()):
        begun = time.monotonic()
        assert unavailable(client.get("/crm-systems"))
        assert unavailable(write(client))
        assert time.monotonic() - begun < PATIENCE
    assert becomes_true(lambda: write(client).status_code == 201)


@pytest.mark.postgresql_only
def test_ended_connections_are_replaced(client: httpx.Client, database: RealServer) -> None:
    assert write(client).status_code == 201
    with psycopg.connect(database.address, autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"  # waits for its end
            " WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
    assert write(client).status_code == 201


def test_a_frozen_redis_costs_a_moment_and_nothing_else(
    client: httpx.Client, redis: RealServer
) -> None:
    with stopped(redis.processes()):
        begun = time.monotonic()
        assert write(client).status_code == 201
        assert client.get("/crm-systems").status_code == 200
        assert time.monotonic() - begun < PATIENCE
        assert not is_ready(client)
    assert becomes_true(lambda: is_ready(client))
