"""The worker that a server brings along: replaced when it ends, and gone with the server."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.concurrency.live import LiveSite, Server
from tests.processes import children_of, is_gone
from tests.tasks.holding import begun, enqueue, holding
from tests.waiting import PATIENCE, becomes_true

pytestmark = pytest.mark.slow


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
