"""`python -m tests.mutations [PART]`: does a test fail when a guard is broken?

The tables beside this file list guards, each with the text that keeps somebody out and the same
without effect. Each is broken in a copy of the tree, never in the tree itself, and the tests named
for it are run there: a guard whose tests all pass is a survivor. PART limits the run to the tables,
files and guards whose name contains it; JOBS in the environment is how many run at a time. Exits 1
if one survives, 2 if a table does not fit the code or a run proves nothing.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from tests.environment import ROOT

TABLES = sorted(Path(__file__).parent.glob("*.toml"))
PATIENCE = 300
"""Seconds after which a run is given up; on a busy machine that proves nothing."""
PASSED, FAILED, GIVEN_UP = 0, 1, -1
OPTIONS = ("-x", "-q", "-p", "no:cacheprovider", "-p", "pytest_django.plugin")
ENVIRONMENT = {
    # To load all plugins takes as long as the tests of a guard.
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    "DJANGO_SETTINGS_MODULE": "tests.settings",
    # A test that needs PostgreSQL proves nothing where there is none.
    "SYTEOPS_TEST_NO_SKIPS": "1",
}
# Bytecode is known by a file's length and the second it was written in, and two versions may share
# both: only the code as it is leaves some behind, which is most of what a run would wait for.
NO_BYTECODE = {"PYTHONDONTWRITEBYTECODE": "1"}
JOBS = int(os.environ.get("JOBS") or min(4, os.cpu_count() or 1))


class Unusable(Exception):
    """The table does not fit the code, or the tests fail on the code as it is."""


@dataclass(frozen=True)
class Mutation:
    """One guard, and how it is broken: `old`, which is in the file once, becomes `new`."""

    part: str
    file: str
    guard: str
    old: str
    new: str
    tests: tuple[str, ...]
    runner: str

    def __str__(self) -> str:
        return f"{self.file}: {self.guard}"

    @contextmanager
    def applied_to(self, tree: Path) -> Iterator[None]:
        """The guard is broken in this tree until the block ends."""
        path = tree / self.file
        text, times = path.read_text(encoding="utf-8"), path.stat()
        path.write_text(text.replace(self.old, self.new), encoding="utf-8")
        try:
            yield
        finally:
            path.write_text(text, encoding="utf-8")
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))  # its bytecode fits again


def read_tables(part: str) -> list[Mutation]:
    """The mutations chosen. Raises Unusable, naming every one that does not fit the code."""
    found = [
        Mutation(table.stem, group["file"], one["guard"], one["old"], one["new"], tests, runner)
        for table in TABLES
        for group in tomllib.loads(table.read_text("utf-8"))["group"]
        for one in group["broken"]
        # In order: pytest loses the fixtures of a directory that it comes back to.
        for tests in [tuple(sorted(one.get("tests", group["tests"])))]
        for runner in [one.get("runner", "pytest")]
    ]
    if problems := [f"{one}\n    {why}" for one in found if (why := problem_of(one))]:
        raise Unusable("\n".join(["Correct the tables:", *problems]))
    chosen = [one for one in found if part in f"{one.part} {one}"]
    if not chosen:
        raise Unusable(f"No guard's table, file or name contains {part!r}.")
    return chosen


def problem_of(one: Mutation) -> str:
    """Why the mutation cannot be made; "" if it can."""
    path = ROOT / one.file
    if not path.is_file():
        return "There is no such file."
    if lost := [name for name in one.tests if not is_there(name)]:
        return f"There are no such tests: {', '.join(lost)}."
    count = path.read_text(encoding="utf-8").count(one.old)
    return "" if count == 1 else f"Its text is there {count} times, not once:\n{one.old}"


def is_there(test: str) -> bool:
    """Whether the file or folder exists and, where one test in it is named, that test as well."""
    name, _, function = test.partition("::")
    path = ROOT / name
    if not function:
        return path.exists()
    return path.is_file() and f"def {function.partition('[')[0]}(" in path.read_text("utf-8")


def copy_tree(target: Path) -> Path:
    """The files that git knows or would know, as they are now."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    return target


def run(
    tree: Path, runner: str, tests: Sequence[str], environment: Mapping[str, str] = NO_BYTECODE
) -> tuple[int, str]:
    """pytest's exit status, or GIVEN_UP, and what it said."""
    environment = {**os.environ, **ENVIRONMENT, **environment}
    command = [sys.executable, "-m", runner, *OPTIONS, *tests]
    with subprocess.Popen(
        command, cwd=tree, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        try:
            said, _ = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.terminate()  # not kill: the servers that it has started end with it
            return GIVEN_UP, "It did not end."
    return process.returncode, said.decode(errors="replace")[-4000:]


def check_baseline(tree: Path, mutations: list[Mutation]) -> None:
    """Raise Unusable if a test fails before anything is broken: then it could prove nothing."""
    for runner in sorted({one.runner for one in mutations}):
        tests = sorted({name for one in mutations if one.runner == runner for name in one.tests})
        status, said = run(tree, runner, tests, {"PYTHONDONTWRITEBYTECODE": ""})
        if status != PASSED:
            raise Unusable(f"The tests fail on the code as it is:\n{said}")


def outcome(tree: Path, one: Mutation) -> str:
    """What came of breaking the guard. Unusable: no test was run to its end."""
    started = time.monotonic()
    with one.applied_to(tree):
        status, said = run(tree, one.runner, one.tests)
    word = {PASSED: "SURVIVED", FAILED: "killed"}.get(status, "UNUSABLE")
    print(f"{word:8} {time.monotonic() - started:5.1f} s  {one}", flush=True)
    if word == "UNUSABLE":
        print(said, flush=True)
    return word


def break_all(mutations: list[Mutation], directory: Path) -> list[str]:
    """The outcome of each."""
    trees: SimpleQueue[Path] = SimpleQueue()
    first = copy_tree(directory / "0")
    check_baseline(first, mutations)
    for number in range(1, JOBS):
        trees.put(shutil.copytree(first, directory / str(number)))
    trees.put(first)

    def break_one(one: Mutation) -> str:
        tree = trees.get()
        try:
            return outcome(tree, one)
        finally:
            trees.put(tree)

    with ThreadPoolExecutor(JOBS) as pool:
        return list(pool.map(break_one, mutations))


def report(mutations: list[Mutation], outcomes: list[str]) -> None:
    """Print what was not killed, and how many of each part were."""
    both = list(zip(mutations, outcomes, strict=True))
    print()
    for one, word in both:
        if word != "killed":
            print(f"{word:8} {one}")
    print(f"{'part':10}{'run':>6}{'killed':>9}{'survived':>11}{'unusable':>11}")
    for part in [*sorted({one.part for one in mutations}), "together"]:
        words = [word for one, word in both if part in (one.part, "together")]
        killed, survived, unusable = map(words.count, ("killed", "SURVIVED", "UNUSABLE"))
        share = killed / len(words)
        print(f"{part:10}{len(words):6}{killed:9}{survived:11}{unusable:11}  {share:.1%} killed")


def main(part: str = "") -> int:
    """The exit status."""
    try:
        mutations = read_tables(part)
        with tempfile.TemporaryDirectory(prefix="syteops-mutations-") as directory:
            outcomes = break_all(mutations, Path(directory))
    except Unusable as problem:
        print(problem, file=sys.stderr)
        return 2
    report(mutations, outcomes)
    return 2 if "UNUSABLE" in outcomes else int("SURVIVED" in outcomes)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
