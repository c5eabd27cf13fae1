"""`python -m benchmarks.wrong_keys`: what 10,000 wrong keys from one address do to another's calls.

A tool with a good key calls a site of two processes at a steady pace, in turns alone and while an
attacker sends well-formed wrong keys from another address, one after the other, as fast as they
are refused. Beside it, what another tool with a good key does to it that calls as fast as it can:
so much is due to the machine being busy, not to the keys being wrong.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from http.client import HTTPConnection
from pathlib import Path

from manage_api.keys import tokens
from tests.concurrency.live import API, live_site
from tests.environment import ROOT

ATTACKS, ROUNDS, PER_SECOND = 10_000, 5, 50
TOOL, ATTACKER = "192.0.2.10", "198.51.100.66"
# The addresses are told by a header: both sides run on this machine.
SETTINGS = {"TRUSTED_PROXIES": "1"}


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as directory,
        live_site(Path(directory) / "data", SETTINGS, workers=2) as site,
    ):
        port, key = site.servers[0].port, site.key
        seen: dict[str, list[float]] = {"alone": [], "beside an attack": [], "beside a tool": []}
        for _ in range(ROUNDS):
            seen["alone"] += latencies(port, key, 2.0)
            seen["beside an attack"] += beside(port, key, "")
            seen["beside a tool"] += beside(port, key, key)
        print_table(seen)


def latencies(
    port: int, key: str, seconds: float, until: threading.Event | None = None
) -> list[float]:
    """What the tool sees, in seconds per call, at a steady pace."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    taken, began = [], time.monotonic()
    while (not until.is_set()) if until else time.monotonic() < began + seconds:
        started = time.perf_counter()
        assert ask(connection, key, TOOL) == 200
        taken.append(time.perf_counter() - started)
        time.sleep(max(0, 1 / PER_SECOND - taken[-1]))
    return taken


def beside(port: int, key: str, other_key: str) -> list[float]:
    """What the tool sees while somebody else calls with `other_key`, or with wrong ones ("")."""
    other = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.wrong_keys", str(port), other_key],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    over = threading.Event()
    taken: list[float] = []
    assert other.stdout is not None
    assert other.stdout.readline() == "ready\n"
    tool = threading.Thread(target=lambda: taken.extend(latencies(port, key, 0, over)))
    tool.start()
    print(other.communicate()[0].strip())
    over.set()
    tool.join()
    return taken


def call_on(port: int, key: str) -> None:
    """In a process of its own: one call after the other, with wrong keys if `key` is ""."""
    keys = [key or tokens.new_token().text for _ in range(ATTACKS // ROUNDS)]
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    print("ready", flush=True)
    began = time.monotonic()
    answers = Counter(ask(connection, one, ATTACKER) for one in keys)
    took = time.monotonic() - began
    who = "tool" if key else "attack"
    print(f"{who}: {dict(answers)} in {took:.1f} s, {len(keys) / took:.0f} a second")


def ask(connection: HTTPConnection, key: str, address: str) -> int:
    headers = {"X-API-Key": key, "X-Forwarded-For": address}
    connection.request("GET", f"{API}/crm-systems", headers=headers)
    response = connection.getresponse()
    response.read()
    return response.status


def print_table(seen: dict[str, list[float]]) -> None:
    reference = statistics.median(seen["alone"])
    print(f"{'the tool':<20}{'median ms':>10}{'p95 ms':>10}{'p99 ms':>10}{'n':>8}{'ratio':>8}")
    for name, taken in seen.items():
        q, median = statistics.quantiles(taken, n=100), statistics.median(taken)
        row = "".join(f"{one * 1e3:>10.2f}" for one in (median, q[94], q[98]))
        print(f"{name:<20}{row}{len(taken):>8}{median / reference:>8.2f}")


if __name__ == "__main__":
    if sys.argv[1:]:
        call_on(int(sys.argv[1]), sys.argv[2])
    else:
        main()
