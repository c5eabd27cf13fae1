"""`python -m benchmarks.scale [size …]`: how lists grow with 1,000, 10,000 and 100,000 rows.

Fills a throw-away site with as many notes, estimates and audit entries, on SQLite, and asks the
application in one process, without a server. Prints a table: the median of five, in milliseconds of
processor time, which other work of the machine moves less than the clock.
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

SIZES = (1_000, 10_000, 100_000)
Figures = dict[int, dict[str, tuple[float, float]]]
"""By size and page: seconds, and kilobytes of the answer."""


def main(sizes: list[int]) -> None:
    run = describe_run()
    print_run({name: value for name, value in run.items() if name != "processes"})
    with tempfile.TemporaryDirectory(prefix="syteops-bench-") as directory:
        site = LiveSite(Path(directory) / "data", SETTINGS)
        site.manage("setup")
        print_table(measure(site, sizes or list(SIZES)))


def measure(site: LiveSite, sizes: list[int]) -> Figures:
    """In the site's own process, which fills it from one size to the next."""
    command = [sys.executable, "-m", "benchmarks.growth", *map(str, sizes)]
    done = subprocess.run(
        command, cwd=ROOT, env=site.variables(), check=False, stdout=subprocess.PIPE, text=True
    )
    if done.returncode:
        raise SystemExit(done.stdout)
    told: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.splitlines()]
    return {one["size"]: one["figures"] for one in told}


def print_table(found: Figures) -> None:
    """In Markdown. The last columns are those of the largest size."""
    sizes = sorted(found)
    smallest, largest = found[sizes[0]], found[sizes[-1]]
    print(f"\n| page | {' | '.join(f'{size:,}' for size in sizes)} | growth | kB |")
    print("|---" * (len(sizes) + 3) + "|")
    for name, (seconds, kilobytes) in largest.items():
        shown = " | ".join(f"{found[size][name][0] * 1000:.0f}" for size in sizes)
        growth = seconds / smallest[name][0]
        print(f"| {name} | {shown} | {growth:.1f} | {kilobytes:.0f} |", flush=True)


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]])
