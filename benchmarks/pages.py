"""`python -m benchmarks.pages [records] [file.json]`: every page of the admin, at 10,000 records.

Fills a throw-away site with so many records of each entity, on SQLite, and asks for every page that
a superuser finds, in one process, without a server: for each the median of several requests by the
clock and of the processor, the length of the answer and the number of statements. Prints a table,
the slowest first, and writes the same as JSON where a file is named.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.contestants import SETTINGS
from benchmarks.machine import describe_run
from benchmarks.report import print_run
from tests.concurrency.live import LiveSite
from tests.environment import ROOT

RECORDS, MILLISECONDS, KILOBYTES = 10_000, 150, 150
COLUMNS = ("page", "ms", "CPU ms", "kB", "statements")


def main(records: int, file: str) -> None:
    run = describe_run()
    print_run({name: value for name, value in run.items() if name != "processes"})
    with tempfile.TemporaryDirectory(prefix="syteops-bench-") as directory:
        site = LiveSite(Path(directory) / "data", SETTINGS)
        site.manage("setup")
        found = measure(site, records)
    found.sort(key=lambda one: -one["CPU ms"])
    print_table(records, found)
    if file:
        Path(file).write_text(
            json.dumps({"run": run, "records": records, "pages": found}, indent=1)
        )


def measure(site: LiveSite, records: int) -> list[dict[str, Any]]:
    """In the site's own process, which fills it first."""
    command = [sys.executable, "-m", "benchmarks.visits", str(records)]
    done = subprocess.run(
        command, cwd=ROOT, env=site.variables(), check=False, stdout=subprocess.PIPE, text=True
    )
    if done.returncode:
        raise SystemExit(done.stdout)
    return [json.loads(line) for line in done.stdout.splitlines()]


def print_table(records: int, found: list[dict[str, Any]]) -> None:
    """In Markdown, with what is above a bound by the processor's time."""
    above = [one for one in found if one["CPU ms"] > MILLISECONDS or one["kB"] > KILOBYTES]
    print(f"\n{len(found)} pages at {records:,} records, {len(above)} above a bound\n")
    print(f"| {' | '.join(COLUMNS)} |\n{'|---' * len(COLUMNS)}|")
    for one in found:
        print(f"| {' | '.join(str(one[name]) for name in COLUMNS)} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else RECORDS, sys.argv[2] if sys.argv[2:] else "")
