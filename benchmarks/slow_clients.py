"""`python -m benchmarks.slow_clients [connections] [port key]`: what slow clients do to others.

A tool with a good key calls at a steady pace, in turns alone and beside so many connections (500)
that send bodies by drips or stop half-way: to the API, to the sign-in page, with a length and in
chunks. They have no key and come again when they are shut out. Without a port a site of two
processes is started for it.
"""

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path

from tests.concurrency.live import API, live_site
from tests.environment import ROOT

CONNECTIONS, ROUNDS, SECONDS, PER_SECOND = 500, 4, 5.0, 50
SETTLING = 3.0  # seconds until all slow connections are open
LOADS = ("/healthz", f"{API}/crm-systems")


def main(connections: int) -> None:
    with (
        tempfile.TemporaryDirectory() as directory,
        live_site(Path(directory) / "data", {}, workers=2) as site,
    ):
        compare(site.servers[0].port, site.key, connections)


def compare(port: int, key: str, connections: int) -> None:
    seen: dict[str, dict[str, list[float]]] = {load: {} for load in LOADS}
    for _ in range(ROUNDS):
        measure(port, key, "alone", seen)
        crowd = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.slow_clients", "crowd", str(port), str(connections)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        time.sleep(SETTLING)
        measure(port, key, f"beside {connections}", seen)
        print(f"slow connections: {crowd.communicate('stop')[0].strip()}")
    print_table(seen)


def measure(port: int, key: str, name: str, seen: dict[str, dict[str, list[float]]]) -> None:
    """What the tool sees, in seconds per call; one that takes ten counts as ten."""
    for load in LOADS:
        taken = seen[load].setdefault(name, [])
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            started = time.perf_counter()
            try:
                connection.request("GET", load, headers={"X-API-Key": key})
                response = connection.getresponse()
                response.read()
                assert response.status == 200
            except TimeoutError:
                connection.close()
            taken.append(time.perf_counter() - started)
            time.sleep(max(0, 1 / PER_SECOND - taken[-1]))


def print_table(seen: dict[str, dict[str, list[float]]]) -> None:
    print(f"{'':<36}{'median ms':>10}{'p95 ms':>10}{'p99 ms':>10}{'n':>8}{'ratio':>8}")
    for load, rows in seen.items():
        reference = statistics.median(rows["alone"])
        for name, taken in rows.items():
            q = statistics.quantiles(taken * 2, n=100)  # there may be a single one of ten seconds
            median = statistics.median(taken)
            row = "".join(f"{one * 1e3:>10.2f}" for one in (median, q[94], q[98]))
            print(f"{load + ' ' + name:<36}{row}{len(taken):>8}{median / reference:>8.2f}")


# --- The slow ones, in a process of their own ------------------------------------------------

_JSON = b"Host: localhost\r\nContent-Type: application/json\r\nX-API-Key: som_wrong\r\n"
_FORM = b"Host: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
_POST = b"POST " + API.encode() + b"/crm-systems HTTP/1.1\r\n" + _JSON
# How each kind begins, and what it sends every second.
KINDS = {
    "half": (_POST + b'Content-Length: 1000\r\n\r\n{"name": "', b""),
    "drip": (_POST + b"Content-Length: 1000\r\n\r\n", b" "),
    "large": (_POST + b"Content-Length: 1000000\r\n\r\n" + b" " * 999_000, b" "),
    "login": (b"POST /admin/login/ HTTP/1.1\r\n" + _FORM + b"Content-Length: 900\r\n\r\n", b"a"),
    "chunks": (_POST + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "headers": (b"GET / HTTP/1.1\r\nX-A: ", b"a"),
}


async def crowd(port: int, connections: int) -> None:
    ends: Counter[str] = Counter()
    names = list(KINDS)
    tasks = [
        asyncio.create_task(be_slow(port, *KINDS[names[number % len(names)]], ends))
        for number in range(connections)
    ]
    await asyncio.to_thread(sys.stdin.read)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    print(dict(ends))


async def be_slow(port: int, beginning: bytes, drip: bytes, ends: Counter[str]) -> None:
    while True:
        with suppress(OSError):
            ends["opened"] += 1
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            answer = asyncio.create_task(reader.read(4096))
            try:
                writer.write(beginning)
                while not answer.done():
                    writer.write(drip)
                    await asyncio.wait({answer}, timeout=1)
                ends[answer.result()[9:12].decode() or "closed"] += 1
            finally:
                answer.cancel()
                writer.close()
        await asyncio.sleep(0.1)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["crowd", port, number]:
            asyncio.run(crowd(int(port), int(number)))
        case [number, port, key]:
            compare(int(port), key, int(number))
        case given:
            main(int(given[0]) if given else CONNECTIONS)
