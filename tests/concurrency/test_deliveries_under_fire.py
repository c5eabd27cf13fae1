"""Workers are killed and a receiver refuses while much is changed: each change arrives, in order.

A receiver that tells repetitions by `webhook-id` has each change exactly once.
"""

import json
import os
import signal
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import httpx
import pytest
from standardwebhooks import Webhook as Verifier

from tests.concurrency.live import LiveSite, Server, live_site
from tests.databases import fresh_database as new_fresh_database
from tests.integrations.receivers import Received, Receiver, listening
from tests.processes import children_of
from tests.waiting import becomes_true

pytestmark = pytest.mark.slow

WRITERS, CHANGES, KILLS = 3, 20, 3
PATIENCE = 150.0


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSite]:
    with new_fresh_database() as environment:
        data_dir = tmp_path_factory.mktemp("site") / "data"
        settings = {**environment, "ALLOW_PRIVATE_URLS": "true"}
        with live_site(data_dir, settings, workers=1) as site:
            yield site


def change_much(server: Server) -> None:
    """Add a CRM system, and change its name again and again."""
    with server.client() as client:
        number = client.post("/crm-systems", json={"name": "0"}).json()["crm_num"]
        for name in range(1, CHANGES):
            answer = client.patch(f"/crm-systems/{number}", json={"name": str(name)})
            assert answer.is_success, answer.text
            time.sleep(0.1)


def kill_the_worker(server: Server) -> bool:
    """`kill -9`; whether there was one."""
    keeper = server.keeper_process()
    workers = children_of(keeper) if keeper else []
    for one in workers:
        os.kill(one, signal.SIGKILL)
    return bool(workers)


def first_arrivals(received: list[Received]) -> list[Received]:
    """Without the repetitions."""
    seen: dict[str, Received] = {}
    for one in received:
        seen.setdefault(one.headers["webhook-id"], one)
    return list(seen.values())


def told(client: httpx.Client) -> list[str]:
    """The ids of all events about CRM systems, in the order of the feed."""
    found = client.get("/events", params={"resource": "crm", "per_page": 200}).json()
    assert not found["has_more"]
    return [one["id"] for one in found["events"]]


def in_order_per_object(received: list[Received]) -> bool:
    """Whether the names of each object, which count up, came one after the other."""
    names: dict[str, list[int]] = defaultdict(list)
    for one in first_arrivals(received):
        data = json.loads(one.body)["data"]
        names[data["object"]].append(int(data["changes"]["name"]["after"]))
    return all(found == sorted(found) for found in names.values())


def test_each_change_arrives_whoever_is_killed_meanwhile(site: LiveSite) -> None:
    server = site.servers[0]
    with listening() as receiver, server.client() as client:
        hook = {"name": "Under fire", "url": receiver.url, "types": ["crm_system.*"]}
        secret = client.post("/webhooks", json=hook).json()["signing_secret"]
        assert client.post("/integrations/webhooks/enable").is_success
        client.get("/events", params={"wait": 30})  # publishing has begun

        with ThreadPoolExecutor(WRITERS) as pool:
            writers = [pool.submit(change_much, server) for _ in range(WRITERS)]
            for kills in range(1, KILLS + 1):
                assert becomes_true(partial(has_received, receiver, 5 * kills))
                assert becomes_true(lambda: kill_the_worker(server))
                refuse_for_a_moment(receiver)
            for one in writers:
                one.result()

        wanted = WRITERS * CHANGES
        assert becomes_true(lambda: len(told(client)) == wanted, PATIENCE)
        assert becomes_true(lambda: len(first_arrivals(receiver.received)) == wanted, PATIENCE)
        ids = {one.headers["webhook-id"] for one in receiver.received}
        assert ids == set(told(client))
        assert in_order_per_object(receiver.received)
        for got in receiver.received:
            Verifier(secret).verify(got.body, got.headers)


def has_received(receiver: Receiver, more_than: int) -> bool:
    return len(receiver.received) > more_than


def refuse_for_a_moment(receiver: Receiver) -> None:
    """Whatever comes now is answered 503, and comes again."""
    receiver.status, receiver.headers = 503, {"Retry-After": "1"}
    time.sleep(0.5)
    receiver.status, receiver.headers = 200, {}
