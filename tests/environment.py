"""What the tests see of the machine they run on: nothing that was set for anything else.

Set for the tests themselves are SYTEOPS_TEST_DATABASE_URL and SYTEOPS_TEST_CACHE_URL (servers that
`run_on_postgresql` starts), SYTEOPS_TEST_NO_SKIPS (a skipped test fails the run),
SYTEOPS_TEST_RANDOM (generated examples differ from run to run) and SYTEOPS_TEST_MODULES (modules of
others, as in EXTRA_MODULES: the tests of all operations walk theirs, too).
"""

import ast
import atexit
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_SHARED_DIR = "SYTEOPS_TEST_DATA_DIR"


def isolate() -> None:
    """Hides the shell's settings and gives this process a data directory of its own.

    Idempotent, and inherited by the workers of pytest-xdist, which get one directory each.
    """
    for name in settings_variables():
        os.environ.pop(name, None)
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    os.environ["SYTEOPS_DATA_DIR"] = str(shared_directory() / worker)
    os.environ["SYTEOPS_ENV_FILE"] = ""  # not even the developer's own .env
    os.environ["MANAGE_API_SECONDS_PER_MINUTE"] = "0"  # as does their one key
    os.environ["ADMIN_SECONDS_PER_MINUTE"] = "0"  # tests open as many pages as they like
    os.environ["EXTRA_MODULES"] = os.environ.get("SYTEOPS_TEST_MODULES", "")
    os.environ["DATABASE_URL"] = os.environ.get("SYTEOPS_TEST_DATABASE_URL", "")
    os.environ["CACHE_URL"] = _cache_url(worker)


def _cache_url(worker: str) -> str:
    """A database for each worker in the one server: they must not clear each other's cache."""
    server = os.environ.get("SYTEOPS_TEST_CACHE_URL", "")
    number = int(worker.removeprefix("gw")) + 1 if worker.startswith("gw") else 0
    return f"{server}/{number}" if server else ""


def shared_directory() -> Path:
    """The directory of this test run, removed when the process that made it ends."""
    directory = os.environ.get(_SHARED_DIR)
    if directory is None:
        directory = os.environ[_SHARED_DIR] = tempfile.mkdtemp(prefix="syteops-test-")
        atexit.register(shutil.rmtree, directory, ignore_errors=True)
    return Path(directory)


@contextmanager
def one_at_a_time(name: str) -> Iterator[None]:
    """Only one process of this test run is in here, whichever comes first."""
    with (shared_directory() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def settings_variables() -> dict[str, ast.Call]:
    """Every environment variable that the settings read, with the call that reads it."""
    return {
        call.args[0].value: call
        for file in (*(ROOT / "syteops" / "settings").glob("*.py"), ROOT / "syteops" / "env.py")
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "env"
        and isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, str)
    }
