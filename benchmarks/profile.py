"""`python -m benchmarks.profile [sqlite|postgresql|both] [load …]`: where the time of a load goes.

Without names, the loads that fall short. Two tables for each of them on each database: what a
request costs each contestant as it is served (16 connections), and what our process works on.
What it waits for is told apart by one process more or less: alone, it waits for no other writer.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.__main__ import CONNECTIONS, DATABASES, cpu_of, opened
from benchmarks.contestants import WORKERS, Contestant, all_contestants, serving
from benchmarks.loads import LOADS, Load
from benchmarks.machine import describe_run
from benchmarks.processes import Times, cpu_seconds, thread_times
from benchmarks.report import print_run
from benchmarks.wrk import drive, require_wrk
from tests.environment import ROOT

FALLING_SHORT = ("read one, anew", "list of 50, anew", "wrong keys", "update", "create")
SECONDS = 3


class Cost(NamedTuple):
    """Milliseconds per request. The first three are of the threads that answer requests."""

    works: float
    no_processor: float
    waits: float
    other_threads: float
    database: float


COLUMNS = ("works", "has no processor", "waits", "other threads work", "database works")


def main(database: str = "both", *names: str) -> None:
    require_wrk()
    print_run(describe_run())
    loads = [one for one in LOADS if one.name in (names or FALLING_SHORT)]
    for one in DATABASES if database == "both" else (database,):
        with tempfile.TemporaryDirectory(prefix="syteops-bench-") as directory, opened(one) as at:
            home, (url, server) = Path(directory), at
            contestants = all_contestants(home, url)
            print(f"\n## {one}, ms per request")
            print_costs(measure_costs(contestants, loads, home, cpu_of(server)))
            found = sample(contestants[0], loads, home)
            for kind in ("steps", "layers"):
                print_shares(kind, found)


def measure_costs(
    contestants: list[Contestant], loads: list[Load], home: Path, of_database: Callable[[], float]
) -> dict[str, dict[str, Cost]]:
    """By load and contestant, one after the other."""
    ours, *others = contestants
    alone = replace(
        ours, name="SyteOps, one process", environment={**ours.environment, "WORKERS": "1"}
    )
    found: dict[str, dict[str, Cost]] = {load.name: {} for load in loads}
    for one, processes in ((ours, WORKERS), (alone, 1), *((other, WORKERS) for other in others)):
        with serving(one, home / "profile.log") as session:
            for load in loads:
                found[load.name][one.name] = _cost(one, load, home, session, processes, of_database)
    return found


def _cost(
    contestant: Contestant,
    load: Load,
    home: Path,
    session: int,
    processes: int,
    of_database: Callable[[], float],
) -> Cost:
    requests = load.requests(contestant.way)
    drive(contestant.url, load, requests, CONNECTIONS[-1], 1, home)  # nobody is measured cold
    own, database, before = cpu_seconds(session), of_database(), thread_times(session)
    seen = drive(contestant.url, load, requests, CONNECTIONS[-1], SECONDS, home)
    answering = _answering(before, thread_times(session), processes)
    own, database = cpu_seconds(session) - own, of_database() - database
    worked, queued = map(sum, zip(*answering, strict=True))
    waited = seen.seconds * processes - worked - queued
    totals = worked, queued, waited, own - worked, database
    return Cost(*(max(0.0, 1000 * one / seen.requests) for one in totals))


def _answering(
    before: dict[str, dict[str, Times]], after: dict[str, dict[str, Times]], processes: int
) -> list[Times]:
    """What the busiest thread of each of the busiest processes did between the two."""
    busiest = [
        max(
            Times(now.worked - then[name].worked, now.queued - then[name].queued)
            for name, now in threads.items()
            if name in then
        )
        for process, threads in after.items()
        if (then := before.get(process))
    ]
    return sorted(busiest)[-processes:]


def sample(contestant: Contestant, loads: list[Load], home: Path) -> dict[str, Any]:
    """What the process of the contestant works on, by load: see `sampling`."""
    plan = home / "sampling.json"
    planned = {
        one.name: {
            "requests": one.requests(contestant.way),
            "status": one.status,
            "tagged": one.tagged,
        }
        for one in loads
    }
    plan.write_text(json.dumps(planned))
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.sampling", str(plan)],
        cwd=ROOT,
        env=contestant.environment,
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def print_costs(found: dict[str, dict[str, Cost]]) -> None:
    """In Markdown."""
    print(f"\n| load | contestant | {' | '.join(COLUMNS)} |")
    print("|---" * (len(COLUMNS) + 2) + "|")
    for load, costs in found.items():
        for name, cost in costs.items():
            print(f"| {load} | {name} | {' | '.join(f'{one:.2f}' for one in cost)} |", flush=True)


def print_shares(kind: str, found: dict[str, Any]) -> None:
    """In Markdown: a column for each load, in milliseconds of processor time."""
    names = dict.fromkeys(name for one in found.values() for name in one[kind])
    print(f"\n| {kind} | {' | '.join(found)} |")
    print("|---" * (len(found) + 1) + "|")
    for name in ("all", *names):
        shares = [1.0 if name == "all" else one[kind].get(name, 0.0) for one in found.values()]
        spent = [share * one["ms"] for share, one in zip(shares, found.values(), strict=True)]
        cells = [f"{one:.2f}" if one else "" for one in spent]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
