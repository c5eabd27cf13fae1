"""Tasks for tests, which tell by files what they are at: workers are processes of their own."""

import os
import time
from pathlib import Path

from syteops.core.tasks import task
from tests.waiting import PATIENCE


@task()
def hold(directory: str, name: str) -> str:
    """Begin, and end when a file `go-<name>` appears."""
    place = Path(directory)
    (place / f"began-{name}-{time.time_ns()}").write_text(str(os.getpid()))
    deadline = time.monotonic() + PATIENCE
    while not (place / f"go-{name}").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    (place / f"ended-{name}").touch()
    return name


@task()
def touch(directory: str, name: str) -> None:
    """Leave a file of that name."""
    (Path(directory) / name).touch()


@task()
def stumble() -> None:
    """Fail."""
    raise ValueError("It is too late.")


@task()
def repeat(text: str) -> None:
    """Fail with an exception that repeats that, as databases and mail servers do."""
    raise ValueError(f"refused\nDETAIL:  Key (email)=({text}) already exists.")
