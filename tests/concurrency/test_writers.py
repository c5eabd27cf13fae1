"""Many writers at once: nobody is turned away, nothing is half done, the trail stays whole."""

import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.concurrency.live import LiveSite
from tests.concurrency.load import Load, Writer, problems

pytestmark = pytest.mark.slow

SHARED = 10


def test_eight_writers_at_once_all_get_through_and_the_trail_is_whole(site: LiveSite) -> None:
    servers = site.servers * 4
    writers = [Writer(one, f"writer {n}", seed=n) for n, one in enumerate(servers)]
    load = Load(writers)

    load.start(writes=40)
    load.join()

    assert load.total("acknowledged") == 8 * 40
    assert not load.refused
    assert problems(load, site.state()) == []
    assert "whole" in site.manage("verify_audit")
    assert "locked" not in site.log.read_text()


def test_bulks_and_single_writes_of_the_same_records_never_mix(site: LiveSite) -> None:
    """Bulks go through the records in opposite directions: on PostgreSQL they would deadlock."""
    one, other = (server.client() for server in site.servers)
    made = [one.post("/crm-systems", json={"name": "Shared"}) for _ in range(SHARED)]
    numbers = [answer.json()["crm_num"] for answer in made]
    stop = threading.Event()

    with ThreadPoolExecutor(4) as pool:
        reader = pool.submit(_read_until, stop, site.servers[1].client(), set(numbers))
        bulks = [
            pool.submit(_bulks, one, "forwards", numbers),
            pool.submit(_bulks, other, "backwards", numbers[::-1]),
            pool.submit(_singles, site.servers[0].client(), numbers),
        ]
        answers = [answer for future in bulks for answer in future.result()]
        stop.set()
        mixtures = reader.result()

    assert {answer.status_code for answer in answers} == {200}
    assert mixtures == []
    state = site.state()
    assert (state["problem"], state["differing"]) == ("", [])


def _bulks(client: httpx.Client, who: str, numbers: list[str]) -> list[httpx.Response]:
    answers = []
    for turn in range(12):
        name = f"{who} {turn}"
        items = [{"action": "update", "params": {"crm_num": n, "name": name}} for n in numbers]
        answers.append(client.post("/crm-systems/bulk", json={"items": items}))
    return answers


def _singles(client: httpx.Client, numbers: list[str]) -> list[httpx.Response]:
    """These change what the bulks leave alone."""
    return [
        client.patch(f"/crm-systems/{n}", json={"url": f"https://{turn}.example"})
        for turn in range(3)
        for n in numbers
    ]


def _read_until(stop: threading.Event, client: httpx.Client, numbers: set[str]) -> list[set[str]]:
    """The sets of different names that the records of a bulk ever had at one moment."""
    seen = []
    while not stop.is_set():
        systems = client.get("/crm-systems").json()["crms"]
        names = {one["name"] for one in systems if one["crm_num"] in numbers}
        if len(names) > 1:
            seen.append(names)
    return seen
