"""Who is measured: SyteOps as it is served, stock DRF on gunicorn, bare views on granian."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from benchmarks.loads import API, Way, stock_key, syteops_key
from tests.concurrency.live import LiveSite
from tests.environment import ROOT
from tests.servers import free_port
from tests.waiting import becomes_true

WORKERS = 2
SETTINGS = {  # 0 is no limit; what is counted is counted all the same
    "MANAGE_API_READS_PER_MINUTE": "0",
    "MANAGE_API_WRITES_PER_MINUTE": "0",
    "MANAGE_API_FAILURES_PER_MINUTE": "0",
    "MANAGE_API_SECONDS_PER_MINUTE": "0",
    "ADMIN_SECONDS_PER_MINUTE": "0",
    "MAX_TEAM_MEMBERS": "1000000",
    "WORKERS": str(WORKERS),
}
STOCK, BARE = "benchmarks.stock.settings", "benchmarks.stock.bare_settings"


@dataclass(frozen=True)
class Contestant:
    """A site that is filled: its processes' environment, how it is served, how it is asked."""

    name: str
    environment: dict[str, str]
    command: list[str]
    way: Way
    port: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def all_contestants(home: Path, database_url: dict[str, str]) -> list[Contestant]:
    """SyteOps, stock, bare: each filled; `database_url` leads to a database for either of both."""
    return [_syteops(home, database_url.get("syteops", "")), *_stock(home, database_url)]


def _syteops(home: Path, database_url: str) -> Contestant:
    port = free_port()
    site = LiveSite(home / "data", {**SETTINGS, "DATABASE_URL": database_url, "PORT": str(port)})
    site.manage("setup")
    _run(["-m", "benchmarks.fill"], site.variables())
    key = json.loads(site.manage("manage_key", "generate", "--json"))["key"]
    command = [sys.executable, str(ROOT / "manage.py"), "serve"]
    way = Way(API, key, syteops_key)
    return Contestant("SyteOps", site.variables(), command, way, str(port))


def _stock(home: Path, database_url: dict[str, str]) -> list[Contestant]:
    url = database_url.get("stock") or f"sqlite:///{home}/stock.sqlite3"
    variables = {**os.environ, "STOCK_DATABASE_URL": url, "STOCK_DATA_DIR": str(home)}
    variables |= {"DJANGO_SETTINGS_MODULE": STOCK, "SYTEOPS_DATA_DIR": str(home / "data")}
    stock, bare = _run(["-m", "benchmarks.stock.fill"], variables).split()
    first, second = str(free_port()), str(free_port())
    application = "benchmarks.stock.wsgi:application"
    gunicorn = ["gunicorn", application, "-w", str(WORKERS), "-b", f"127.0.0.1:{first}"]
    granian = ["granian", application, "--interface", "wsgi", "--workers", str(WORKERS)]
    granian += ["--blocking-threads", "1", "--port", second, "--log-level", "warning"]
    of_bare = {**variables, "DJANGO_SETTINGS_MODULE": BARE}
    return [
        Contestant("stock DRF", variables, _in_venv(gunicorn), Way("", stock, stock_key), first),
        Contestant("bare", of_bare, _in_venv(granian), Way("", bare, stock_key), second),
    ]


def _in_venv(command: list[str]) -> list[str]:
    return [str(Path(sys.executable).with_name(command[0])), *command[1:]]


def _run(arguments: list[str], environment: dict[str, str]) -> str:
    command = [sys.executable, *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return done.stdout


@contextmanager
def serving(contestant: Contestant, log: Path) -> Iterator[int]:
    """The contestant's server, answering; yields its session, which all its processes share."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            contestant.command,
            cwd=ROOT,
            env=contestant.environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        if not becomes_true(lambda: _answers(contestant) or process.poll() is not None):
            raise SystemExit(f"{contestant.name} does not answer: {log.read_text()}")
        if process.poll() is not None:
            raise SystemExit(f"{contestant.name} has ended: {log.read_text()}")
        yield process.pid
    finally:
        _stop(process)


def _answers(contestant: Contestant) -> bool:
    try:
        return ask_list(contestant).status_code == 200
    except httpx.TransportError:
        return False


def ask_list(contestant: Contestant) -> httpx.Response:
    """The answer to the list."""
    wanted = contestant.way.request("GET", "/team-members")
    return httpx.get(contestant.url + wanted.path, headers=wanted.headers, timeout=30)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def with_etag(contestant: Contestant) -> Contestant:
    """The contestant, asked on condition of the list's present ETag where it has any."""
    etag = ask_list(contestant).headers.get("ETag", "")
    return replace(contestant, way=replace(contestant.way, list_etag=etag))
