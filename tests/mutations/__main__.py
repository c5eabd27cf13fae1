"""`python -m tests.mutations [PART]`: does a test fail when a guard is broken?

The tables beside this file list guards, each with the text that keeps somebody out and the same
without effect. Each is broken in a copy of the tree, never in the tree itself, and the tests named
for it are run there: a guard whose tests all pass is a survivor. PART limits the run to the table
of that name, or to the files and guards whose name contains it; JOBS in the environment is how many
run at a time. Exits 1 if one survives, 2 if a table does not fit the code or a run proves nothing.

Runs are forks of a process that has imported everything (`warm.py`). A guard that seems to survive
there is broken once more in a new process. In the end the tests that failed are run on the code as
it is: one that fails there, too, has noticed nothing.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from tests.environment import ROOT
from tests.mutations.ready import BEGUN
from tests.mutations.ready import FAILED as FAILED_LINE
from tests.mutations.warm import NOT_HERE, SHARED

TABLES = sorted(Path(__file__).parent.glob("*.toml"))
PATIENCE = 300
"""Seconds after which a run is given up; on a busy machine that proves nothing."""
PASSED, FAILED, GIVEN_UP = 0, 1, -1
PLUGIN = "tests.mutations.ready"
OPTIONS = ("-q", "-p", "no:cacheprovider", "-p", "pytest_django.plugin", "-p", PLUGIN)
ENVIRONMENT = {
    # To load all plugins takes as long as the tests of a guard.
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    "DJANGO_SETTINGS_MODULE": "tests.settings",
    # A test that needs PostgreSQL proves nothing where there is none.
    "SYTEOPS_TEST_NO_SKIPS": "1",
    # What a broken guard keeps from happening is waited for in vain.
    "SYTEOPS_TEST_PATIENCE": "60",
}
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
    forks: bool = True
    """False for tests that share files with processes they start: a fork has opened others."""

    def __str__(self) -> str:
        return f"{self.file}: {self.guard}"

    @property
    def is_of_sqlite(self) -> bool:
        return self.runner == "pytest"

    @contextmanager
    def applied_to(self, tree: Path) -> Iterator[None]:
        """The guard is broken in this tree until the block ends.

        Bytecode is known by a file's length and the second it was written in, which two versions
        may share: that of the broken one goes with it.
        """
        path = tree / self.file
        text, times = path.read_text(encoding="utf-8"), path.stat()
        path.write_text(text.replace(self.old, self.new), encoding="utf-8")
        try:
            yield
        finally:
            path.write_text(text, encoding="utf-8")
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
            for compiled in path.parent.glob(f"__pycache__/{path.stem}.*.pyc"):
                compiled.unlink()


def read_tables(part: str) -> list[Mutation]:
    """The mutations chosen. Raises Unusable, naming every one that does not fit the code."""
    found = [
        Mutation(
            table.stem,
            group["file"],
            one["guard"],
            one["old"],
            one["new"],
            tests,
            one.get("runner", "pytest"),
            one.get("forks", True),
        )
        for table in TABLES
        for group in tomllib.loads(table.read_text("utf-8"))["group"]
        for one in group["broken"]
        # In order: pytest loses the fixtures of a directory that it comes back to.
        for tests in [tuple(sorted(one.get("tests", group["tests"])))]
    ]
    if problems := [f"{one}\n    {why}" for one in found if (why := problem_of(one))]:
        raise Unusable("\n".join(["Correct the tables:", *problems]))
    chosen = [one for one in found if part == one.part] or [
        one for one in found if part in str(one)
    ]
    if not chosen:
        raise Unusable(f"No table is called {part!r}, and no file or guard contains it.")
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
    """The files that git knows or would know, as they are now, with the bytecode beside them."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    files = [Path(name) for name in names.split("\0") if name and (ROOT / name).is_file()]
    folders = {file.parent for file in files if file.suffix == ".py"}
    compiled = [one.relative_to(ROOT) for at in folders for one in ROOT.glob(f"{at}/__pycache__/*")]
    for file in [*files, *compiled]:
        (target / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / file, target / file)
    return target


class Bench:
    """A copy of the tree, and the process there that has imported everything."""

    def __init__(self, tree: Path, begun: Path) -> None:
        self.tree, self.begun = tree, begun
        self.own = ExitStack()
        self.environment = {**os.environ, **ENVIRONMENT, BEGUN: str(begun)}
        self.environment |= self.own.enter_context(self.data_directory())
        self.warm = subprocess.Popen(
            [sys.executable, "-m", "tests.mutations.warm"],
            cwd=tree,
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        if not self.warm.stdout or self.warm.stdout.readline() != "ready\n":
            raise Unusable("Nothing could be imported.")

    def close(self) -> None:
        self.warm.communicate()
        self.own.close()

    @contextmanager
    def data_directory(self) -> Iterator[dict[str, str]]:
        """The environment that leads to a new one, with the secrets of the database made before."""
        with tempfile.TemporaryDirectory(prefix="syteops-test-") as directory:
            if (secrets := self.begun / "secrets").exists():
                shutil.copytree(secrets, Path(directory) / "main" / "secrets")
            yield {SHARED: directory}

    def try_on(self, one: Mutation) -> tuple[int, str, bool]:
        """pytest's exit status, or GIVEN_UP, what it said, and if a fork said so."""
        old = (self.tree / one.file).read_text("utf-8")
        with one.applied_to(self.tree):
            if one.is_of_sqlite and one.forks:
                status, said = self.run_warm(one.tests, ["-x"], one.file, old)
                if status not in (PASSED, NOT_HERE):
                    return status, said, True
            return *self.run(one, one.tests), False

    def run_warm(
        self, tests: Sequence[str], options: Sequence[str], file: str = "", old: str = ""
    ) -> tuple[int, str]:
        """The same, of a fork; NOT_HERE if that would say nothing."""
        asked = {"file": file, "old": old, "tests": tests, "patience": PATIENCE}
        asked["options"] = [*OPTIONS, *options]
        assert self.warm.stdin
        assert self.warm.stdout
        self.warm.stdin.write(json.dumps(asked) + "\n")
        self.warm.stdin.flush()
        status, said = json.loads(self.warm.stdout.readline())
        return status, said

    def run(self, one: Mutation, tests: Sequence[str]) -> tuple[int, str]:
        """The same, of a new process."""
        command = [sys.executable, "-m", one.runner, *OPTIONS, "-x", *tests]
        with (
            self.data_directory() as environment,
            subprocess.Popen(
                command,
                cwd=self.tree,
                env={**without_begun(self.environment, one), **environment},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            ) as process,
        ):
            try:
                said, _ = process.communicate(timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                process.terminate()  # not kill: the servers that it has started end with it
                return GIVEN_UP, "It did not end."
        return process.returncode, said.decode(errors="replace")


def without_begun(environment: dict[str, str], one: Mutation) -> dict[str, str]:
    """It serves neither PostgreSQL nor those who break how a database is made."""
    serves = one.is_of_sqlite and "/migrations/" not in one.file
    return {name: value for name, value in environment.items() if serves or name != BEGUN}


@dataclass
class Outcome:
    """What came of breaking a guard: by which test it was noticed, if it was."""

    guard: Mutation
    word: str
    failed: list[str]
    in_fork: bool


def outcome(bench: Bench, one: Mutation) -> Outcome:
    """UNUSABLE: no test was run to its end."""
    started = time.monotonic()
    status, said, in_fork = bench.try_on(one)
    word = {PASSED: "SURVIVED", FAILED: "killed"}.get(status, "UNUSABLE")
    failed = failed_tests(said)
    seconds, by = time.monotonic() - started, "".join(f"\n{'by':>18}  {test}" for test in failed)
    print(f"{word:8} {seconds:5.1f} s  {one}{by}", flush=True)
    if word == "UNUSABLE":
        print(said[-4000:], flush=True)
    return Outcome(one, word, failed, in_fork)


def failed_tests(said: str) -> list[str]:
    lines = [line for line in said.splitlines() if line.startswith(FAILED_LINE)]
    return sorted({str(json.loads(line.removeprefix(FAILED_LINE))) for line in lines})


def check_killers(bench: Bench, outcomes: list[Outcome]) -> None:
    """What is said to be killed by a test that fails on the code as it is, is not."""
    killed = [one for one in outcomes if one.word == "killed"]
    forked = [one for one in killed if one.in_fork]
    others: dict[str, list[Outcome]] = {}
    for one in killed:
        if not one.in_fork:
            others.setdefault(one.guard.runner, []).append(one)
    for group in filter(None, [forked, *others.values()]):
        tests = sorted({test for one in group for test in one.failed})
        if group is forked:
            status, said = bench.run_warm(tests, [])
        else:
            status, said = bench.run(group[0].guard, tests)
        if status == PASSED:
            continue
        print(f"Tests that fail on the code as it is:\n{said[-4000:]}", flush=True)
        wrong = set(failed_tests(said)) if status == FAILED else set(tests)
        for one in group:
            if wrong & set(one.failed):
                one.word = "UNUSABLE"


def break_all(mutations: list[Mutation], directory: Path) -> list[Outcome]:
    """The outcome of each."""
    trees = [copy_tree(directory / "0")]
    trees += [shutil.copytree(trees[0], directory / str(number)) for number in range(1, JOBS)]
    with ExitStack() as stack:
        # One after the other: the first one makes the database that all begin with.
        begun = directory / "begun"
        begun.mkdir()
        benches = [Bench(tree, begun) for tree in trees]
        for bench in benches:
            stack.callback(bench.close)
        free: SimpleQueue[Bench] = SimpleQueue()
        for bench in benches:
            free.put(bench)

        def break_one(one: Mutation) -> Outcome:
            bench = free.get()
            try:
                return outcome(bench, one)
            finally:
                free.put(bench)

        with ThreadPoolExecutor(JOBS) as pool:
            outcomes = list(pool.map(break_one, mutations))
        check_killers(benches[0], outcomes)
    return outcomes


def report(outcomes: list[Outcome]) -> None:
    """Print what was not killed, and how many of each part were."""
    print()
    for one in outcomes:
        if one.word != "killed":
            print(f"{one.word:8} {one.guard}")
    print(f"{'part':10}{'run':>6}{'killed':>9}{'survived':>11}{'unusable':>11}")
    for part in [*sorted({one.guard.part for one in outcomes}), "together"]:
        words = [one.word for one in outcomes if part in (one.guard.part, "together")]
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
    report(outcomes)
    words = {one.word for one in outcomes}
    return 2 if "UNUSABLE" in words else int("SURVIVED" in words)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
