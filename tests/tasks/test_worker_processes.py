"""Real worker processes: told to end, killed in the middle of a task, kept by a server."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.concurrency.live import LiveSite, Server, live_site
from tests.databases import fresh_database as new_fresh_database
from tests.processes import children_of, is_gone, killed_afterwards, manage, start
from tests.waiting import PATIENCE, becomes_true

pytestmark = pytest.mark.slow

_ENQUEUE = "from tests.tasks.samples import *; {}"
_STATES = (
    "from django_tasks_db.models import DBTaskResult; import json;"
    "print(json.dumps(list(DBTaskResult.objects.order_by('enqueued_at')"
    ".values_list('status', flat=True))))"
)

_SEEN = (
    "from datetime import UTC, datetime; from syteops.tasks.models import TaskWorker;"
    "TaskWorker.objects.update(seen_at=datetime.fromtimestamp({}, UTC))"
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSite]:
    with new_fresh_database() as environment:
        data_dir = tmp_path_factory.mktemp("site") / "data"
        with live_site(data_dir, environment, servers=0) as site:
            yield site


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


def enqueue(site: LiveSite, code: str) -> None:
    site.manage("shell", "-v", "0", "-c", _ENQUEUE.format(code))


def states(site: LiveSite) -> str:
    return site.manage("shell", "-v", "0", "-c", _STATES).strip()


def holding(place: Path, name: str) -> str:
    return f"hold.enqueue({str(place)!r}, {name!r})"


def let_hearts_beat(site: LiveSite) -> None:
    """All workers there ever were look as if they had been seen in an hour from now."""
    later = time.time() + 3600
    for one in site.data_dir.glob("worker-*.lock"):
        os.utime(one, (later, later))
    site.manage("shell", "-v", "0", "-c", _SEEN.format(later))


def begun(place: Path, name: str) -> list[Path]:
    # A file is there before its process has written its number into it.
    return sorted(one for one in place.glob(f"began-{name}-*") if one.stat().st_size)


@pytest.mark.combination
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


# --- Beside a server -----------------------------------------------------------------------


@pytest.fixture
def server(site: LiveSite) -> Iterator[Server]:
    server = Server(site, workers=1)
    server.start()
    yield server
    server.stop()


def worker_of(server: Server) -> int | None:
    keeper = server.keeper_process()
    return next(iter(children_of(keeper)), None) if keeper else None


def test_a_server_brings_a_worker_which_is_replaced(server: Server, tmp_path: Path) -> None:
    enqueue(server.site, holding(tmp_path, "mine"))
    assert becomes_true(lambda: begun(tmp_path, "mine"))
    (path,) = begun(tmp_path, "mine")
    worker = int(path.read_text())
    assert worker == worker_of(server)
    os.kill(worker, signal.SIGKILL)
    assert becomes_true(lambda: len(begun(tmp_path, "mine")) == 2)
    (tmp_path / "go-mine").touch()
    assert becomes_true((tmp_path / "ended-mine").exists)
    assert worker_of(server) not in (None, worker)
    assert "The worker ended (-9): the next one begins in 1 seconds." in server.site.log.read_text()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_it_ends_with_the_server_however_that_ends(server: Server, how: signal.Signals) -> None:
    assert becomes_true(lambda: worker_of(server))
    keeper, worker = server.keeper_process(), worker_of(server)
    assert keeper
    assert worker
    assert server.process is not None
    server.process.send_signal(how)
    assert server.process.wait(PATIENCE) == (0 if how is signal.SIGTERM else -how)
    assert becomes_true(lambda: is_gone(worker) and is_gone(keeper))
    again = Server(server.site, workers=1, port=server.port)
    again.start()
    again.stop()


def test_a_keeper_that_is_killed_is_replaced_and_tasks_go_on(
    server: Server, tmp_path: Path
) -> None:
    assert becomes_true(lambda: worker_of(server))
    keeper, worker = server.keeper_process(), worker_of(server)
    assert keeper
    assert worker
    os.kill(keeper, signal.SIGKILL)
    assert becomes_true(lambda: is_gone(worker))
    assert becomes_true(lambda: worker_of(server))
    assert server.keeper_process() != keeper
    assert "The keeper of the worker ended (-9): it is replaced." in server.site.log.read_text()

    enqueue(server.site, holding(tmp_path, "later"))
    assert becomes_true(lambda: begun(tmp_path, "later"))
    assert int(begun(tmp_path, "later")[0].read_text()) == worker_of(server)
    (tmp_path / "go-later").touch()
    assert becomes_true((tmp_path / "ended-later").exists)


def test_a_replaced_keeper_ends_with_the_server(server: Server) -> None:
    assert becomes_true(server.keeper_process)
    first = server.keeper_process()
    assert first
    os.kill(first, signal.SIGKILL)
    assert becomes_true(lambda: server.keeper_process() not in (None, first) and worker_of(server))
    keeper, worker = server.keeper_process(), worker_of(server)
    assert keeper
    assert worker
    assert server.process is not None
    server.process.terminate()
    assert server.process.wait(PATIENCE) == 0
    assert becomes_true(lambda: is_gone(keeper))
    assert becomes_true(lambda: is_gone(worker))


def test_none_is_brought_where_others_run_the_tasks(site: LiveSite) -> None:
    server = Server(site, workers=1, options=("--no-worker",))
    server.start()
    try:
        assert server.worker_processes()
        assert server.keeper_process() is None
    finally:
        server.stop()
