"""Who waits for events at a real server: told within a second, and never in the way."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Semaphore

import pytest

from tests.concurrency.live import LiveSite, live_site
from tests.databases import fresh_database as new_fresh_database
from tests.waiting import PATIENCE, becomes_true

pytestmark = pytest.mark.slow

WAITING = 20


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSite]:
    with new_fresh_database() as environment:
        data_dir = tmp_path_factory.mktemp("site") / "data"
        with live_site(data_dir, environment, workers=1) as site:
            yield site


def test_all_who_wait_are_told_at_once_and_a_server_that_ends_lets_them_go(site: LiveSite) -> None:
    server = site.servers[0]
    with server.client() as client, ThreadPoolExecutor(WAITING) as pool:
        # The key was made before the server began: that is told first.
        assert becomes_true(lambda: client.get("/events").json()["events"])
        start = client.get("/events").json()["next"]

        asked = Semaphore(0)

        def note(event: str, told: object) -> None:
            if event == "http11.send_request_body.complete":
                asked.release()

        def wait(after: str) -> tuple[list[str], str, float]:
            query = {"after": after, "wait": "30"}
            with server.client() as own:
                answer = own.get("/events", params=query, extensions={"trace": note}).json()
            return [e["type"] for e in answer["events"]], answer["next"], time.monotonic()

        waiting = [pool.submit(wait, start) for _ in range(WAITING)]
        assert all(asked.acquire(timeout=PATIENCE) for _ in waiting)
        # They hold no worker: others are answered meanwhile.
        assert client.get("/crm-systems").is_success
        assert not any(one.done() for one in waiting)
        client.post("/crm-systems", json={"name": "HubSpot"})
        told = [one.result(PATIENCE) for one in waiting]
        assert all("crm_system.created" in types for types, _, _ in told)

        newest = max(told, key=lambda one: one[2])[1]
        while (answer := client.get("/events", params={"after": newest}).json())["events"]:
            newest = answer["next"]
        still = pool.submit(wait, newest)
        assert asked.acquire(timeout=PATIENCE)
        assert client.get("/crm-systems").is_success  # what was asked before, waits by now
        assert not still.done()
        server.stop()
        assert still.result(PATIENCE)[0] == []  # a worker that had to be killed answers nobody
