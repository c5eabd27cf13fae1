"""Real servers for tests, started for one run and gone after it. Work as root and as anybody."""

import configparser
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.docs.pages import blocks
from tests.processes import children_of
from tests.waiting import PATIENCE, SOON, becomes_true


class ServerUnavailable(Exception):
    """The server is not installed here, or it did not start; the message says which and why."""


@dataclass
class RealServer:
    """A server that a test may end, freeze and start again."""

    address: str
    command: list[str]
    directory: Path
    account: str | None
    is_up: Callable[[], bool]
    # To PostgreSQL: now, without waiting for clients.
    end_by: signal.Signals = signal.SIGINT
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """Start it; returns once it answers. Raises ServerUnavailable."""
        log = self.directory / "log"
        with log.open("a") as output:
            process = self.process = subprocess.Popen(
                self.command,
                cwd=self.directory,
                **_identity(self.account),
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        if not becomes_true(lambda: self.is_up() or process.poll() is not None) or process.poll():
            raise ServerUnavailable(f"{self.command[0]} did not start:\n{log.read_text()}")

    def processes(self) -> list[int]:
        """Its own and those that it has started."""
        assert self.process is not None
        return [self.process.pid, *children_of(self.process.pid)]

    def stop(self) -> None:
        """End it, with whatever is under way. What it has stored stays."""
        if self.process is None:
            return
        self.process.send_signal(self.end_by)
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextmanager
def postgresql() -> Iterator[str]:
    """A PostgreSQL server; yields the address of its empty database. Raises ServerUnavailable."""
    with postgresql_server() as server:
        yield server.address


@contextmanager
def postgresql_server() -> Iterator[RealServer]:
    """A PostgreSQL server with the address of its empty database. Raises ServerUnavailable."""
    binaries = postgresql_binaries()
    if binaries is None:
        raise ServerUnavailable("PostgreSQL is not installed (initdb and postgres not found).")
    account = _unprivileged_account("postgres")
    with _directory(account) as directory:
        data, port = str(directory / "data"), free_port()
        initdb = [
            binaries / "initdb",
            "-D",
            data,
            "-U",
            "tester",
            "-A",
            "trust",
            "--no-sync",
        ]
        _run([*initdb, "-E", "UTF8", "--locale", "C.UTF-8"], directory, account)
        options = [f"unix_socket_directories={directory}", "full_page_writes=off"]
        arguments = [
            binaries / "postgres",
            "-D",
            data,
            "-h",
            "127.0.0.1",
            "-p",
            port,
            "-F",
            *(part for option in options for part in ("-c", option)),
        ]
        ready = [
            binaries / "pg_isready",
            "-q",
            "-h",
            "127.0.0.1",
            "-p",
            port,
            "-d",
            "postgres",
        ]
        address = f"postgres://tester@127.0.0.1:{port}/postgres"
        command = [str(one) for one in arguments]
        server = RealServer(address, command, directory, account, lambda: _succeeds(ready))
        with _running(server):
            yield server


@contextmanager
def redis() -> Iterator[str]:
    """A Redis server with 64 databases; yields its address. Raises ServerUnavailable."""
    with redis_server() as server:
        yield server.address


@contextmanager
def redis_server() -> Iterator[RealServer]:
    """A Redis server with 64 databases. Raises ServerUnavailable."""
    binary = shutil.which("redis-server")
    if binary is None:
        raise ServerUnavailable("Redis is not installed (redis-server not found).")
    port = free_port()
    with _directory(None) as directory:
        arguments = [binary, "--bind", "127.0.0.1", "--port", port, "--databases", "64"]
        volatile = ["--save", "", "--appendonly", "no", "--dir", directory]
        command = [str(one) for one in (*arguments, *volatile)]
        address = f"redis://127.0.0.1:{port}"
        server = RealServer(address, command, directory, None, lambda: _accepts(port))
        with _running(server):
            yield server


@contextmanager
def pgbouncer_server(database: str, **options: str) -> Iterator[RealServer]:
    """A pgbouncer in front of the server of that address, configured as docs/scaling.md says.

    Its own address names the same database. Raises ServerUnavailable.
    """
    binary = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if binary is None:
        raise ServerUnavailable("pgbouncer is not installed.")
    account, port, wanted = _unprivileged_account("postgres"), free_port(), urlsplit(database)
    with _directory(account) as directory:
        users = directory / "userlist.txt"
        users.write_text(f'"{wanted.username}" "secret"')
        own = {"listen_port": str(port), "auth_file": str(users), "unix_socket_dir": "", **options}
        configuration = directory / "pgbouncer.ini"
        _write_pgbouncer_ini(configuration, f"host={wanted.hostname} port={wanted.port}", own)
        if account is not None:
            shutil.chown(users, account)
            shutil.chown(configuration, account)
        address = f"postgres://{wanted.username}:secret@127.0.0.1:{port}{wanted.path}"
        server = RealServer(
            address,
            [binary, str(configuration)],
            directory,
            account,
            lambda: _accepts(port),
            signal.SIGTERM,
        )
        with _running(server):
            yield server


def _write_pgbouncer_ini(target: Path, server: str, own: dict[str, str]) -> None:
    """What the page tells people to write, for all databases of that server."""
    configuration = configparser.ConfigParser(interpolation=None)
    configuration.read_string(blocks("docs/scaling.md", "ini")[0])
    configuration["databases"] = {"*": server}
    configuration["pgbouncer"].update(own)
    with target.open("w") as file:
        configuration.write(file)


def postgresql_binaries() -> Path | None:
    """Where initdb and postgres are: beside the one on PATH, else where Debian puts them."""
    on_path = shutil.which("initdb")
    candidates = [Path(on_path).resolve().parent] if on_path else []
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((path for path in candidates if (path / "postgres").exists()), None)


# Below those that a system gives to whoever connects somewhere, or asks for any port.
_PORTS = range(20_000, 32_000)
_kept: list[socket.socket] = []


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on, and that nobody else is given.

    As long as this process lives: it keeps the UDP port of that number, as all who ask here do.
    """
    while True:
        port = secrets.choice(_PORTS)
        kept = socket.socket(type=socket.SOCK_DGRAM)
        with socket.socket() as probe, suppress(OSError):
            kept.bind(("127.0.0.1", port))
            probe.bind(("127.0.0.1", port))
            _kept.append(kept)
            return port
        kept.close()


def _unprivileged_account(preferred: str) -> str | None:
    """The account to run a server as that refuses to run as root; None to stay who we are."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return preferred if preferred in known else "nobody"


def _identity(account: str | None) -> dict[str, Any]:
    """What makes a child process run as `account`, with that account's group only."""
    if account is None:
        return {}
    return {"user": account, "group": pwd.getpwnam(account).pw_gid, "extra_groups": []}


@contextmanager
def _directory(owner: str | None) -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="syteops-server-"))
    try:
        if owner is not None:
            shutil.chown(directory, owner)
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _run(arguments: Sequence[object], directory: Path, account: str | None) -> None:
    command = [str(argument) for argument in arguments]
    done = subprocess.run(
        command, cwd=directory, check=False, capture_output=True, text=True, **_identity(account)
    )
    if done.returncode:
        raise ServerUnavailable(f"{command[0]} failed:\n{done.stderr}")


@contextmanager
def _running(server: RealServer) -> Iterator[RealServer]:
    try:
        server.start()
        yield server
    finally:
        server.stop()


def _succeeds(arguments: Sequence[object]) -> bool:
    command = [str(argument) for argument in arguments]
    return subprocess.run(command, check=False).returncode == 0


def _accepts(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=SOON):
            return True
    except OSError:
        return False
