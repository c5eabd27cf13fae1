"""The disk of the data directory fills up under a running site, and is emptied again."""

from collections.abc import Iterator

import httpx
import pytest
from django.db import connection

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
