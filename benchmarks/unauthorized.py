"""`python -m benchmarks.unauthorized [rounds]`: does the time of a 401 tell why it was one?

Every kind of caller who is not let in asks the same server process over one kept connection, in
random order, side by side; so whatever the machine does meanwhile happens to all of them. A second
site, which has never had a key, is asked all the same: there every kind is an unknown one. Only
garbage is quicker, on purpose (no query), and whoever sends it knows that it is garbage.
"""

import json
import random
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path

from manage_api.keys import tokens
from tests.concurrency.live import API, LiveSite, Server, live_site

SETTINGS = {"MANAGE_API_FAILURES_PER_MINUTE": "1000000", "WORKERS": "1"}
ROUNDS = 3000

Times = dict[str, list[float]]


def main(rounds: int) -> None:
    with ExitStack() as stack, tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        site = stack.enter_context(live_site(home / "used" / "data", SETTINGS, workers=1))
        revoked = a_key(site, "Revoked")
        site.manage("manage_key", "revoke", id_of(revoked))
        keys = {
            "unknown id": None,
            "wrong secret": forgery_of(site.key),
            "revoked": revoked,
            "revoked, wrong secret": forgery_of(revoked),
            "garbage": "garbage",
            "no key": "",
        }
        never = stack.enter_context(_never_used(home))
        here, there = measure([site.servers[0].port, never.port], keys, rounds)
        print_table("a site with keys", here)
        print_table("a site that never had one", there)


class _never_used:  # noqa: N801 - used like a function
    """A server whose site has never had a key."""

    def __init__(self, home: Path) -> None:
        self.site = LiveSite(home / "new" / "data", SETTINGS)

    def __enter__(self) -> Server:
        self.site.manage("setup")
        self.server = Server(self.site, 1)
        self.server.start()
        return self.server

    def __exit__(self, *failure: object) -> None:
        self.server.stop()


def a_key(site: LiveSite, name: str) -> str:
    created = site.manage("manage_key", "create", "--name", name, "--scopes", "crm:read", "--json")
    return str(json.loads(created)["key"])


def id_of(key: str) -> str:
    token = tokens.parse(key)
    assert token is not None
    return token.public_id


def forgery_of(key: str) -> str:
    return tokens.Token(id_of(key), tokens.new_token().secret).text


def measure(ports: list[int], keys: dict[str, str | None], rounds: int) -> list[Times]:
    """Seconds per answer, by kind of caller, for each server. None is an unknown key each time."""
    connections = [HTTPConnection("127.0.0.1", port, timeout=30) for port in ports]
    times: list[Times] = [{name: [] for name in keys} for _ in ports]
    unknown = [tokens.new_token().text for _ in range(rounds + 50)]
    order = [(server, name) for server in range(len(ports)) for name in keys]
    for number in range(rounds + 50):
        random.shuffle(order)
        for server, name in order:
            key = keys[name]
            took = one_refusal(connections[server], unknown[number] if key is None else key)
            if number >= 50:  # by then everything is warm
                times[server][name].append(took)
    return times


def one_refusal(connection: HTTPConnection, key: str) -> float:
    """Seconds. "" is no key."""
    headers = {"X-API-Key": key} if key else {}
    began = time.perf_counter()
    connection.request("GET", f"{API}/whoami", headers=headers)
    response = connection.getresponse()
    response.read()
    took = time.perf_counter() - began
    assert response.status == 401, response.status
    return took


def print_table(title: str, times: Times) -> None:
    reference = statistics.median(times["unknown id"])
    print(f"{title:<40}{'median µs':>10}{'p95 µs':>10}{'ratio':>8}")
    for name, taken in times.items():
        median = statistics.median(taken)
        p95 = statistics.quantiles(taken, n=20)[-1]
        print(f"  {name:<38}{median * 1e6:>10.0f}{p95 * 1e6:>10.0f}{median / reference:>8.3f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
