"""Much is changed while workers and the receiver of a webhook are killed at random.

A receiver that tells repetitions by `webhook-id` has each change exactly once, in order for each
object, and every signature is right.
"""

import json
import os
import random
import signal
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from tests.concurrency.live import Server
from tests.concurrency.receiver import Received, Receiver, receiving
from tests.processes import children_of
from tests.waiting import becomes_true

NAME = "deliveries"
KILLS, CHANGES_PER_KILL = 50, 100
WRITERS = 3
_OF_AN_OBJECT = 20  # changes of each, one after the other
_AWAY = 0.5  # seconds for which there is no receiver
_QUIET = 420.0  # seconds without anything new: the third try of an event is after five minutes


@dataclass
class Outcome:
    """What came of it. `requests` are all that the receiver got, repetitions as well."""

    changes: int
    kills: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    arrived: int = 0
    requests: int = 0
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        killed = ", ".join(f"{count} of a {name}" for name, count in sorted(self.kills.items()))
        return (
            f"{NAME}: {self.arrived} of {self.changes} changes arrived in {self.requests} requests "
            f"and {self.seconds:.0f} s; kills: {killed}; {'; '.join(self.problems) or 'no problem'}"
        )


def drive(
    server: Server, directory: Path, kills: int, changes: int = 0, seed: int | None = None
) -> Outcome:
    """Kill so often while there are so many changes, and wait for all of them."""
    chance, began = random.Random(seed), time.monotonic()
    outcome = Outcome(changes or kills * CHANGES_PER_KILL)
    with receiving(directory / "received") as receiver, server.client() as client:
        start = subscribe(client, receiver)
        with ThreadPoolExecutor(WRITERS) as pool:
            parts = [outcome.changes // WRITERS] * WRITERS
            parts[0] += outcome.changes % WRITERS
            writers = [pool.submit(_change, server, part) for part in parts]
            _kill_at_random(server, receiver, kills, outcome, chance)
            _wait_for_all(receiver, outcome.changes)
            for one in writers:
                one.result()
        told = list(told_since(client, start))
        client.post("/integrations/webhooks/disable", params={"confirm": True})
    outcome.seconds, outcome.requests = time.monotonic() - began, len(receiver.received)
    outcome.arrived = len(receiver.arrived())
    outcome.problems += problems(receiver, told, outcome.changes)
    return outcome


def subscribe(client: httpx.Client, receiver: Receiver) -> str:
    """Have all that is changed from now on be told to the receiver; where the feed is now."""
    start = _told_of_all_before(client)
    hook = {"name": "Under fire", "url": receiver.url, "types": ["crm_system.*"]}
    receiver.secret = client.post("/webhooks", json=hook).json()["signing_secret"]
    assert client.post("/integrations/webhooks/enable").is_success
    return start


def _told_of_all_before(client: httpx.Client) -> str:
    """Where the feed is once it has told of all that was changed until now."""
    last = f"Before {time.time_ns()}"
    assert client.post("/crm-systems", json={"name": last}).is_success
    asked: dict[str, Any] = {"wait": 30, "per_page": 200}
    while True:
        page = client.get("/events", params=asked).json()
        asked["after"] = page["next"]
        if any(one["data"].get("name") == last for one in page["events"]):
            return str(page["next"])


def _change(server: Server, changes: int) -> None:
    """Add CRM systems, and change the name of each again and again: it counts up."""
    number = ""
    with server.client() as client:
        for name in range(changes):
            body = {"name": str(name)}
            if name % _OF_AN_OBJECT == 0:
                number = client.post("/crm-systems", json=body).json()["crm_num"]
            else:
                answer = client.patch(f"/crm-systems/{number}", json=body)
                assert answer.is_success, answer.text
            time.sleep(0.05)


def _kill_at_random(
    server: Server, receiver: Receiver, kills: int, outcome: Outcome, chance: random.Random
) -> None:
    """Each once in its share of all changes, while they arrive."""
    share = outcome.changes / kills
    for number in range(kills):
        wanted = int((number + chance.random()) * share)
        if not becomes_true(partial(_have_arrived, receiver, wanted), _QUIET):
            outcome.problems.append(f"Nothing arrived for {_QUIET:.0f} s after kill {number}")
            return
        victim = chance.choice(("worker", "keeper", "receiver"))
        outcome.kills[victim] += 1
        if victim == "receiver":
            receiver.kill()
            time.sleep(_AWAY)
            receiver.start()
        else:
            killed = becomes_true(partial(_kill_process, server, victim))
            assert killed, f"there is no {victim}"


def _have_arrived(receiver: Receiver, wanted: int) -> bool:
    return len(receiver.arrived()) >= wanted


def _kill_process(server: Server, victim: str) -> bool:
    """`kill -9`; whether there was one."""
    keeper = server.keeper_process()
    there = [keeper] if keeper and victim == "keeper" else children_of(keeper) if keeper else []
    for one in there:
        with suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)
    return bool(there)


def _wait_for_all(receiver: Receiver, changes: int) -> None:
    """Returns once all are there, or once nothing new comes any more."""
    arrived = 0
    while arrived < changes and becomes_true(partial(_have_arrived, receiver, arrived + 1), _QUIET):
        arrived = len(receiver.arrived())
        time.sleep(0.5)


def told_since(client: httpx.Client, start: str) -> Iterator[str]:
    """The ids of all events about CRM systems, in the order of the feed."""
    page: dict[str, Any] = {"next": start, "has_more": True}
    while page["has_more"]:
        query = {"after": page["next"], "resource": "crm", "per_page": 200}
        page = client.get("/events", params=query).json()
        yield from (one["id"] for one in page["events"])


# --- What must hold -----------------------------------------------------------------------------


def problems(receiver: Receiver, told: list[str], changes: int) -> list[str]:
    """What a receiver cannot rely on."""
    found, arrived = [], receiver.arrived()
    if len(told) != changes:
        found.append(f"the feed tells of {len(told)} changes")
    if missing := set(told) - arrived.keys():
        found.append(f"{len(missing)} never arrived")
    if strange := arrived.keys() - set(told):
        found.append(f"{len(strange)} arrived and never happened")
    if wrong := [pk for pk, names in _names(arrived).items() if names != sorted(set(names))]:
        found.append(f"out of order: {wrong}")
    if forged := sum(not one.is_signed for one in receiver.received):
        found.append(f"{forged} signatures are wrong")
    return found


def _names(arrived: dict[str, Received]) -> dict[str, list[int]]:
    """The names that each object got, in the order in which they arrived."""
    names: dict[str, list[int]] = defaultdict(list)
    for one in arrived.values():
        data = json.loads(one.body)["data"]
        names[data["object"]].append(int(data["changes"]["name"]["after"]))
    return names
