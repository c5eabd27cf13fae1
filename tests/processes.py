"""Runs `manage.py` as an operator does: a process of its own with nothing but its settings."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.environment import ROOT, settings_variables
from tests.waiting import PATIENCE


def clean_environment(data_dir: Path, **settings: str) -> dict[str, str]:
    """This machine's environment with these settings and no other."""
    hidden = settings_variables()
    kept = {name: value for name, value in os.environ.items() if name not in hidden}
    module = os.environ.get("SYTEOPS_TEST_CHILD_SETTINGS", "syteops.settings")
    return {
        **kept,
        "DJANGO_SETTINGS_MODULE": module,
        "SYTEOPS_DATA_DIR": str(data_dir),
        "SYTEOPS_ENV_FILE": "",
        **settings,
    }


def start(*arguments: str, data_dir: Path, **settings: str) -> "subprocess.Popen[str]":
    """Starts one command and returns at once."""
    return subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), *arguments],
        env=clean_environment(data_dir, **settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def manage(*arguments: str, data_dir: Path, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Runs one command to its end."""
    return finish(start(*arguments, data_dir=data_dir, **settings))


def finish(process: "subprocess.Popen[str]") -> "subprocess.CompletedProcess[str]":
    """Waits for the end of a command."""
    with killed_afterwards(process):
        output, errors = process.communicate(timeout=PATIENCE)
    return subprocess.CompletedProcess(process.args, process.returncode, output, errors)


@contextmanager
def killed_afterwards(process: "subprocess.Popen[str]") -> Iterator[None]:
    """Leaves no process behind, whatever happens."""
    try:
        yield
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


@contextmanager
def stopped(processes: list[int]) -> Iterator[None]:
    """Holds the processes where they are; they go on afterwards, those that are still there."""
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)


def children_of(process: int) -> list[int]:
    """The processes that this one has started and that are still there, from /proc."""
    children = Path(f"/proc/{process}/task").glob("*/children")
    found: list[int] = []
    for path in children:
        with suppress(OSError):  # a thread that ends just now
            found += map(int, path.read_text().split())
    return [one for one in found if not is_gone(one)]


def name_of(process: int) -> str:
    """As `ps` shows it; "" for one that has ended."""
    with suppress(OSError):
        return Path(f"/proc/{process}/comm").read_text().strip()
    return ""


def is_gone(process: int) -> bool:
    """Whether it has ended, even if nobody has asked yet how."""
    with suppress(OSError):  # also when it goes while it is read
        stat = Path(f"/proc/{process}/stat").read_text()
        return stat.rpartition(")")[2].split()[0] in ("Z", "X")
    return True
