"""`python -m benchmarks.instructions [load …]`: counts instructions per request with callgrind.

Each contestant in one process, without a server: no other load of the machine moves these figures.
Fails where SyteOps takes more than the bounds of `loads`. `BENCH_KEEP=<directory>` keeps what
callgrind wrote, for callgrind_annotate.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.contestants import Contestant, all_contestants
from benchmarks.loads import LOADS, Load
from benchmarks.one_process import COUNTED, WARM_UP
from tests.environment import ROOT

Figures = dict[str, dict[str, float]]


def main(names: list[str]) -> int:
    """How many loads take more than they may."""
    if shutil.which("valgrind") is None:
        raise SystemExit("valgrind is not installed. On Debian and Ubuntu: apt install valgrind")
    loads = [one for one in LOADS if not names or one.name in names]
    with tempfile.TemporaryDirectory(prefix="syteops-bench-") as directory:
        home = Path(directory)
        found = {one.name: count(one, loads, home) for one in all_contestants(home, {})}
    return print_table(loads, found)


def count(contestant: Contestant, loads: list[Load], home: Path) -> dict[str, float]:
    """Instructions per request, in millions, by load."""
    plan, out = home / f"{contestant.port}.json", kept(home) / f"{contestant.port}.callgrind"
    if contestant.name != "SyteOps":
        loads = [one for one in loads if not one.compared_with]
    planned = {
        one.name: {
            # Each of them to warm up; those that are refused must differ all the same.
            "requests": one.requests(contestant.way)[: WARM_UP if one.status < 400 else None],
            "status": one.status,
            "tagged": one.tagged,
        }
        for one in loads
    }
    plan.write_text(json.dumps(planned))
    valgrind = ["valgrind", "--tool=callgrind", "--instr-atstart=no"]
    valgrind += [f"--callgrind-out-file={out}", "--separate-threads=no"]
    done = subprocess.run(
        [*valgrind, sys.executable, "-m", "benchmarks.one_process", str(plan)],
        cwd=ROOT,
        env={**contestant.environment, "PYTHONHASHSEED": "0", "BENCH_CALLGRIND": "1"},
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return dict(_read(one) for one in sorted(out.parent.glob(f"{out.name}.*")))


def kept(home: Path) -> Path:
    """Where callgrind writes."""
    directory = Path(os.environ.get("BENCH_KEEP", home))
    directory.mkdir(exist_ok=True)
    return directory


def _read(dump: Path) -> tuple[str, float]:
    text = dump.read_text(errors="replace")
    name = re.search(r"^desc: Trigger: dump (.*)$", text, re.M)
    total = re.search(r"^(?:summary|totals): (\d+)", text, re.M)
    assert name is not None
    assert total is not None
    return name[1], int(total[1]) / COUNTED / 1e6


def print_table(loads: list[Load], found: Figures) -> int:
    """How many loads take more than they may."""
    names = "".join(f"{one:>12}" for one in (*found, "at most"))
    print(f"{'M instructions per request':<28}{names}")
    beyond = 0
    for load in loads:
        figures = [found[name].get(load.name) for name in found]
        shown = "".join(f"{one:>12.2f}" if one else f"{'':>12}" for one in figures)
        over = bool(load.instructions and found["SyteOps"][load.name] > load.instructions)
        beyond += over
        print(f"{load.name:<28}{shown}{load.instructions or '':>12}{'  ABOVE' if over else ''}")
    return beyond


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1:]), 1))
