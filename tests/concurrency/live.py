"""A site of its own with real servers, for tests that race, overload and kill them."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx

from tests import web
from tests.console import console
from tests.environment import ROOT
from tests.processes import children_of, clean_environment, name_of
from tests.servers import free_port
from tests.sites import set_up_with_key
from tests.waiting import PATIENCE, becomes_true

API = "/api/manage/v1"
KEEPER = "syteops-keeper"
_NO_LIMITS = {
    "MANAGE_API_SECONDS_PER_MINUTE": "0",
    "ADMIN_SECONDS_PER_MINUTE": "0",
    "MANAGE_API_READS_PER_MINUTE": "1000000",
    "MANAGE_API_WRITES_PER_MINUTE": "1000000",
    "MAX_CRM_SYSTEMS": "1000000",
}


@dataclass
class Server:
    """One `manage.py serve` with its workers, in a process group of its own."""

    site: "LiveSite"
    workers: int
    port: int = field(default_factory=free_port)
    options: tuple[str, ...] = ()
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def address(self) -> str:
        """Where its API is."""
        return f"http://127.0.0.1:{self.port}{API}"

    def start(self) -> None:
        """Start it; returns once it answers."""
        settings = {"PORT": str(self.port), "WORKERS": str(self.workers)}
        with self.site.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(ROOT / "manage.py"), "serve", *self.options],
                env=self.site.variables(**settings),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        process = self.process
        came = becomes_true(lambda: self.answers() or process.poll() is not None)
        assert came, self.site.log.read_text()
        assert process.poll() is None, self.site.log.read_text()

    def answers(self) -> bool:
        """Whether it does, now."""
        return web.answers(f"http://127.0.0.1:{self.port}/healthz")

    def worker_processes(self) -> list[int]:
        """The processes that serve."""
        assert self.process is not None
        return [one for one in children_of(self.process.pid) if name_of(one) != KEEPER]

    def keeper_process(self) -> int | None:
        """The one that keeps the worker of background tasks, if there is one."""
        assert self.process is not None
        children = children_of(self.process.pid)
        return next((one for one in children if name_of(one) == KEEPER), None)

    def kill(self) -> None:
        """`kill -9`, of the server and of every worker, in one go."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """Leave no process behind, in an orderly way if that works."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()

    def client(self, key: str | None = None) -> httpx.Client:
        """A client with the site's key, and with connections of its own."""
        headers = {"X-API-Key": key or self.site.key}
        return web.client(base_url=self.address, headers=headers)


@dataclass
class LiveSite:
    """Data directory, database and key of a site, and the servers that serve it."""

    data_dir: Path
    settings: dict[str, str]
    key: str = ""
    servers: list[Server] = field(default_factory=list)
    _stack: ExitStack = field(default_factory=ExitStack)

    @property
    def log(self) -> Path:
        """What the servers wrote."""
        return self.data_dir.with_suffix(".log")

    def variables(self, **settings: str) -> dict[str, str]:
        """The environment of its processes."""
        return clean_environment(self.data_dir, **{**_NO_LIMITS, **self.settings, **settings})

    def manage(self, *arguments: str) -> str:
        """What one management command printed, beside the servers."""
        return self._console(*arguments)

    @cached_property
    def _console(self) -> Callable[..., str]:
        settings = {**_NO_LIMITS, **self.settings}
        return self._stack.enter_context(console(self.data_dir, **settings))

    def state(self) -> dict[str, Any]:
        """What is stored, as `tests.concurrency.state` finds it."""
        command = [sys.executable, "-m", "tests.concurrency.state"]
        done = subprocess.run(
            command, cwd=ROOT, env=self.variables(), check=False, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def close(self) -> None:
        """Leave no process behind."""
        self._stack.close()
        for server in self.servers:
            server.stop()


@contextmanager
def live_site(
    data_dir: Path, settings: dict[str, str], servers: int = 1, workers: int = 2
) -> Iterator[LiveSite]:
    """A site that was set up, with its key, and its servers running."""
    site = LiveSite(data_dir, settings)
    site.key = set_up_with_key(data_dir, settings)
    site.servers = [Server(site, workers) for _ in range(servers)]
    try:
        for server in site.servers:
            server.start()
        yield site
    finally:
        site.close()
