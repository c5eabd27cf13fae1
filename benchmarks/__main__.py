"""`python -m benchmarks [sqlite|postgresql|both] [JSON file]`: SyteOps, stock DRF and bare views.

The same entity, the same requests, the same number of processes, side by side on loopback, in
turns. Prints a table for each database and writes all of it as JSON.
"""

import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg

from benchmarks.contestants import Contestant, all_contestants, serving, with_etag
from benchmarks.loads import LOADS, Load
from benchmarks.machine import describe_run
from benchmarks.processes import cpu_seconds, cpu_seconds_of, pss_megabytes
from benchmarks.report import Figures, Spent, combine, print_run, print_table, write_json
from benchmarks.wrk import Seen, drive, require_wrk
from tests.servers import RealServer, postgresql_server

ROUNDS, SECONDS, CONNECTIONS = 2, 1, (1, 16)
DATABASES = ("sqlite", "postgresql")


def main(database: str = "both", json_file: str = "var/bench.json") -> None:
    require_wrk()
    wanted = DATABASES if database == "both" else (database,)
    run = describe_run()
    print_run(run)
    found: dict[str, Figures] = {}
    for one in wanted:
        with tempfile.TemporaryDirectory(prefix="syteops-bench-") as directory, opened(one) as at:
            home, (url, server) = Path(directory), at
            found[one] = measure_all(all_contestants(home, url), home, cpu_of(server))
            print_table(one, found[one])
    write_json(run, found, Path(json_file))


@contextmanager
def opened(database: str) -> Iterator[tuple[dict[str, str], RealServer | None]]:
    """Where either database is, and its server; none for SQLite, a file in each one's directory."""
    if database == "sqlite":
        yield {}, None
        return
    with postgresql_server() as server:
        address = server.address.rpartition("/")[0]
        with psycopg.connect(server.address, autocommit=True) as connection:
            for name in ("syteops", "stock"):
                connection.execute(f"CREATE DATABASE {name}")
        yield {name: f"{address}/{name}" for name in ("syteops", "stock")}, server


def cpu_of(server: RealServer | None) -> Callable[[], float]:
    """Tells how long the processes of the database have worked so far: each for one contestant."""
    return lambda: cpu_seconds_of(server.processes()) if server else 0.0


def measure_all(
    contestants: list[Contestant], home: Path, of_database: Callable[[], float]
) -> Figures:
    """By load, connections and contestant."""
    with ExitStack() as servers:
        running = [
            (one, servers.enter_context(serving(one, home / f"{one.name}.log")))
            for one in contestants
        ]
        found: Figures = {}
        for load in LOADS:
            asked = [(with_etag(one), session) for one, session in running]
            found[load.name] = measure(load, asked, home, of_database)
        return found


def measure(
    load: Load,
    running: list[tuple[Contestant, int]],
    home: Path,
    of_database: Callable[[], float],
) -> dict[int, dict[str, dict[str, float]]]:
    """In turns: whatever the machine does meanwhile happens to all of them."""
    if load.compared_with:
        running = running[:1]
    for contestant, _ in running if load.is_read else ():  # nobody is measured cold
        drive(contestant.url, load, load.requests(contestant.way), CONNECTIONS[-1], SECONDS, home)
    found: dict[int, dict[str, dict[str, float]]] = {}
    for connections in CONNECTIONS:
        seen: dict[str, list[tuple[Seen, Spent]]] = defaultdict(list)
        for _ in range(ROUNDS):
            for contestant, session in running:
                own, database = cpu_seconds(session), of_database()
                requests = load.requests(contestant.way)
                one = drive(contestant.url, load, requests, connections, SECONDS, home)
                spent = Spent(cpu_seconds(session) - own, of_database() - database)
                seen[contestant.name].append((one, spent))
        found[connections] = {
            contestant.name: combine(load, seen[contestant.name], pss_megabytes(session))
            for contestant, session in running
        }
    return found


if __name__ == "__main__":
    main(*sys.argv[1:])
