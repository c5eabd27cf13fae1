"""The disk of the data directory fills up under a running site, and is emptied again."""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg
import pytest
from django.db import OperationalError, connection, connections

from syteops.core.outages import is_outage
from syteops.dashboard.tasks import prove_room
from tests import web
from tests.concurrency.live import LiveSite, live_site
from tests.databases import fresh_database as new_fresh_database
from tests.disks import Disk, DiskUnavailable, small_disk
from tests.processes import manage
from tests.waiting import becomes_true

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Disk]:
    try:
        with small_disk(tmp_path_factory.mktemp("disk"), megabytes=96) as disk:
            yield disk
    except DiskUnavailable as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="module")
def site(disk: Disk) -> Iterator[LiveSite]:
    with (
        new_fresh_database() as environment,
        live_site(disk.path / "data", environment, workers=2) as site,
    ):
        yield site


def write(client: httpx.Client, name: str) -> httpx.Response:
    headers = {"Idempotency-Key": name.replace(" ", "-")}
    return client.post("/crm-systems", json={"name": name}, headers=headers)


def names(client: httpx.Client) -> list[str]:
    return [one["name"] for one in client.get("/crm-systems").json()["crms"]]


def test_reads_go_on_writes_are_503_and_it_recovers_by_itself(site: LiveSite, disk: Disk) -> None:
    server = site.servers[0]
    ready = f"http://127.0.0.1:{server.port}/readyz"
    with server.client() as client:
        assert write(client, "before").status_code == 201
        disk.fill()
        refused = 0
        for number in range(60):
            answer = write(client, f"during {number} {'x' * 80}")
            assert answer.status_code in (201, 503), answer.text
            if answer.status_code == 503:
                assert answer.json()["code"] == "unavailable"
                refused += 1
            assert "before" in names(client)
        if connection.vendor == "sqlite":  # PostgreSQL is on a disk of its own
            assert refused
        assert web.get(ready).status_code == 503
        disk.empty()
        assert becomes_true(lambda: write(client, "after").status_code == 201)
        assert names(client).count("after") == 1
        assert becomes_true(lambda: web.answers(ready))
    assert "Unexpected exit" not in site.log.read_text()
    assert server.process is not None
    assert server.process.poll() is None


@pytest.mark.sqlite_only  # with PostgreSQL and Redis nothing of the start needs this disk
def test_nothing_starts_on_a_full_disk_without_saying_so(site: LiveSite, disk: Disk) -> None:
    site.servers[0].stop()
    disk.fill()
    try:
        done = manage("serve", data_dir=site.data_dir, **site.settings)
    finally:
        disk.empty()
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "disk" in done.stderr


@contextmanager
def database_on(disk: Disk) -> Iterator[str]:
    """A database of this run's server, on that disk; its alias."""
    name = f"small_{uuid.uuid4().hex}"
    with psycopg.connect(os.environ["SYTEOPS_TEST_DATABASE_URL"], autocommit=True) as server:
        server.execute(f"CREATE TABLESPACE {name} LOCATION '{disk.path}'".encode())
        server.execute(f"CREATE DATABASE {name} TEMPLATE template0 TABLESPACE {name}".encode())
        own = connections[name] = connection.copy(alias=name)
        own.settings_dict["NAME"] = name
        try:
            yield name
        finally:
            own.close()
            del connections[name]
            disk.empty()
            server.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
            server.execute(f"DROP TABLESPACE {name}".encode())


@pytest.fixture
def disk_of_postgresql(db: None) -> Iterator[Disk]:
    with connection.cursor() as cursor:
        cursor.execute("SHOW data_directory")
        data = Path(cursor.fetchone()[0])
    try:
        with small_disk(data.with_name("small"), megabytes=32) as disk:
            shutil.chown(disk.path, data.stat().st_uid, data.stat().st_gid)
            yield disk
    except DiskUnavailable as reason:
        pytest.skip(str(reason))


def put_one_row(alias: str) -> None:
    with connections[alias].cursor() as cursor:
        cursor.execute(
            "INSERT INTO one VALUES (1, now()) ON CONFLICT (id) DO UPDATE SET at = excluded.at"
        )


@pytest.mark.postgresql_only
def test_room_for_one_small_row_is_not_enough_to_be_ready(disk_of_postgresql: Disk) -> None:
    """It fits into a page that is there: `/readyz` said ready while other writes were refused."""
    with database_on(disk_of_postgresql) as alias:
        with connections[alias].cursor() as cursor:
            cursor.execute("CREATE TABLE one (id integer PRIMARY KEY, at timestamptz)")
        put_one_row(alias)
        prove_room(alias)
        disk_of_postgresql.fill()
        put_one_row(alias)
        with pytest.raises(OperationalError, match="No space left on device") as failure:
            prove_room(alias)
        assert is_outage(failure.value)
        disk_of_postgresql.empty()
        prove_room(alias)
