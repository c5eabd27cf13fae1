"""Real worker processes: told to end, killed in the middle of a task."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.concurrency.live import LiveSite
from tests.processes import killed_afterwards, manage, start
from tests.tasks.holding import begun, enqueue, holding
from tests.waiting import PATIENCE, becomes_true

pytestmark = pytest.mark.slow

_STATES = (
    "from django_tasks_db.models import DBTaskResult; import json;"
    "print(json.dumps(list(DBTaskResult.objects.order_by('enqueued_at')"
    ".values_list('status', flat=True))))"
)

_SEEN = (
    "from datetime import UTC, datetime; from syteops.tasks.models import TaskWorker;"
    "TaskWorker.objects.update(seen_at=datetime.fromtimestamp({}, UTC))"
)


@pytest.fixture
def workers(site: LiveSite) -> Iterator["Workers"]:
    with ExitStack() as stack:
        yield Workers(site, stack)


class Workers:
    """Workers of a site, gone after the test."""

    def __init__(self, site: LiveSite, stack: ExitStack) -> None:
        self.site, self._stack = site, stack

    def start(self, *options: str) -> "subprocess.Popen[str]":
        process = start(
            "worker", *options, data_dir=self.site.data_dir, **self.site.settings, LOG_LEVEL="ERROR"
        )
        self._stack.enter_context(killed_afterwards(process))
        return process


def states(site: LiveSite) -> str:
    return site.manage("shell", "-v", "0", "-c", _STATES).strip()


def let_hearts_beat(site: LiveSite) -> None:
    """All workers there ever were look as if they had been seen in an hour from now."""
    later = time.time() + 3600
    for one in site.data_dir.glob("worker-*.lock"):
        os.utime(one, (later, later))
    site.manage("shell", "-v", "0", "-c", _SEEN.format(later))


def test_what_a_killed_worker_was_at_is_done_by_the_next(workers: Workers, tmp_path: Path) -> None:
    enqueue(workers.site, f"{holding(tmp_path, 'a')}; {holding(tmp_path, 'b')}")
    first = workers.start()
    assert becomes_true(lambda: begun(tmp_path, "a") and begun(tmp_path, "b"))
    first.kill()
    first.wait()
    for name in "ab":
        (tmp_path / f"go-{name}").touch()
    assert not (tmp_path / "ended-a").exists()

    let_hearts_beat(workers.site)  # it is the lock that tells, and no time that has passed
    enqueue(workers.site, f"touch.enqueue({str(tmp_path)!r}, 'third')")
    workers.start()
    expected = [tmp_path / name for name in ("ended-a", "ended-b", "third")]
    assert becomes_true(lambda: all(one.exists() for one in expected))
    assert becomes_true(lambda: states(workers.site) == str(["SUCCESSFUL"] * 3).replace("'", '"'))
    assert [len(begun(tmp_path, name)) for name in "ab"] == [2, 2]


def test_a_worker_that_is_told_to_end_ends_its_task_first(workers: Workers, tmp_path: Path) -> None:
    enqueue(workers.site, holding(tmp_path, "last"))
    process = workers.start()
    assert becomes_true(lambda: begun(tmp_path, "last"))
    process.terminate()
    enqueue(workers.site, f"touch.enqueue({str(tmp_path)!r}, 'too late')")
    assert process.poll() is None
    (tmp_path / "go-last").touch()
    assert process.wait(PATIENCE) == 0
    assert (tmp_path / "ended-last").exists()
    assert not (tmp_path / "too late").exists()

    once = workers.start("--once")
    assert once.wait(PATIENCE) == 0
    assert (tmp_path / "too late").exists()
    assert not list(workers.site.data_dir.glob("worker-*.lock"))


def test_a_second_signal_ends_it_at_once(workers: Workers, tmp_path: Path) -> None:
    enqueue(workers.site, holding(tmp_path, "stuck"))
    process = workers.start()
    assert becomes_true(lambda: begun(tmp_path, "stuck"))
    process.terminate()
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(1)

    def has_ended() -> bool:
        process.terminate()  # one that comes before the first was heard is lost
        return process.poll() is not None

    assert becomes_true(has_ended)
    assert process.returncode == 1
    (tmp_path / "go-stuck").touch()
    assert workers.start("--once").wait(PATIENCE) == 0
    assert len(begun(tmp_path, "stuck")) == 2


def test_nothing_is_restored_under_a_worker(workers: Workers, tmp_path: Path) -> None:
    enqueue(workers.site, holding(tmp_path, "busy"))
    workers.start()
    assert becomes_true(lambda: begun(tmp_path, "busy"))
    site = workers.site
    done = manage("restore", "x", data_dir=site.data_dir, **site.settings)
    assert done.returncode == 1
    assert "is running: stop it first" in done.stderr
    (tmp_path / "go-busy").touch()
