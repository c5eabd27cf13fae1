"""Workers that hang are replaced, and none outlives its server."""

import os
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests import web
from tests.concurrency.live import LiveSite, Server, live_site
from tests.databases import fresh_database as new_fresh_database
from tests.processes import finish, is_gone, manage, start
from tests.waiting import becomes_true

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSite]:
    with new_fresh_database() as environment:
        settings = {**environment, "WORKER_TIMEOUT": "7", "DATABASE_TIMEOUT": "1"}
        data_dir = tmp_path_factory.mktemp("site") / "data"
        with live_site(data_dir, settings, servers=0) as site:
            yield site


@pytest.fixture(scope="module")
def server(site: LiveSite) -> Iterator[Server]:
    """One that every test leaves serving."""
    server = Server(site, workers=1)
    server.start()
    yield server
    server.stop()


def the_worker(server: Server) -> int:
    """The one that there is, once the one before has been replaced."""
    assert becomes_true(lambda: len(server.worker_processes()) == 1)
    (worker,) = server.worker_processes()
    return worker


def test_a_worker_that_was_stopped_is_replaced(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = the_worker(server)
    os.kill(worker, signal.SIGSTOP)
    assert becomes_true(lambda: is_gone(worker))
    assert becomes_true(server.answers)
    assert server.worker_processes() != [worker]
    assert f"Worker {worker} does not answer: it is replaced." in server.site.log.read_text()


def test_workers_that_die_again_and_again_are_replaced(server: Server) -> None:
    for _ in range(3):
        worker = the_worker(server)
        os.kill(worker, signal.SIGKILL)
        assert becomes_true(partial(_is_replaced, server, worker))
    assert becomes_true(server.answers)


def _is_replaced(server: Server, worker: int) -> bool:
    return server.worker_processes() not in ([], [worker])


def test_workers_end_with_their_server_however_it_ends(site: LiveSite) -> None:
    server = Server(site, workers=1)
    server.start()
    worker = the_worker(server)
    assert server.process is not None
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait()
    assert becomes_true(lambda: is_gone(worker))
    again = Server(site, workers=1, port=server.port)
    again.start()
    again.stop()


def test_a_second_server_of_the_same_port_is_refused(server: Server) -> None:
    site = server.site
    done = manage("serve", data_dir=site.data_dir, PORT=str(server.port), **site.settings)
    assert done.returncode == 1
    assert "Address already in use" in done.stderr


def test_of_two_that_start_at_once_one_serves(site: LiveSite) -> None:
    port = str(Server(site, workers=1).port)
    both = [
        start("serve", data_dir=site.data_dir, PORT=port, WORKERS="1", **site.settings)
        for _ in range(2)
    ]
    assert becomes_true(lambda: any(one.poll() is not None for one in both))
    lost, won = sorted(both, key=lambda one: one.poll() is None)
    assert won.poll() is None
    refusal = finish(lost)
    assert refusal.returncode == 1
    assert "Set HOST and PORT" in refusal.stderr or "Another server" in refusal.stderr
    web.wait_until_ready(f"http://127.0.0.1:{port}")  # before that, a signal is answered by nobody
    won.terminate()
    assert finish(won).returncode == 0


def test_nothing_is_restored_under_a_server(server: Server, tmp_path: Path) -> None:
    done = manage("restore", "x", data_dir=server.site.data_dir, **server.site.settings)
    assert done.returncode == 1
    assert "A server or a restore of this data directory is running: stop it first." in done.stderr
