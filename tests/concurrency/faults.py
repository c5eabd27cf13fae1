"""What goes wrong with a site and the things it stands on, and how it is put right again."""

import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass

import psycopg

from tests.concurrency.stage import Stage
from tests.processes import children_of, is_gone, stopped
from tests.waiting import becomes_true


@dataclass(frozen=True)
class Fault:
    """`on(stage)` begins it, and ends it when it is left.

    `needs` is the part of the stage that it befalls. It `lasts` so many seconds. While one is
    `deadly` nobody can write, so that what is stored can be looked at. With one that is `doubtful`
    the database's own answer to a commit may be lost, so that a write may have happened although
    it was refused with 503. It happens so many `times` in a soak.
    """

    name: str
    on: Callable[[Stage], AbstractContextManager[None]]
    needs: str = "server"
    lasts: float = 3.0
    deadly: bool = False
    doubtful: bool = False
    times: int = 3


@contextmanager
def _server_killed(stage: Stage) -> Iterator[None]:
    """`kill -9`, of all its processes."""
    stage.server.kill()
    yield
    stage.server.start()


@contextmanager
def _master_killed(stage: Stage) -> Iterator[None]:
    """Alone: what it leaves must end by itself, and hold neither port nor data directory."""
    process = stage.server.process
    assert process is not None
    left = children_of(process.pid)
    process.kill()
    process.wait()
    yield
    assert becomes_true(lambda: all(map(is_gone, left))), "workers outlived their master"
    stage.server.start()


@contextmanager
def _worker_killed(stage: Stage) -> Iterator[None]:
    os.kill(_any_worker(stage), signal.SIGKILL)
    yield


@contextmanager
def _worker_stopped(stage: Stage) -> Iterator[None]:
    """It goes on for nobody: the server must replace it."""
    worker = _any_worker(stage)
    os.kill(worker, signal.SIGSTOP)
    yield
    assert becomes_true(lambda: is_gone(worker)), "a worker that hangs was not replaced"


def _any_worker(stage: Stage) -> int:
    """One of all that there should be: those lost before have been replaced by then."""
    server = stage.server
    assert becomes_true(lambda: len(server.worker_processes()) == server.workers)
    return stage.chance.choice(server.worker_processes())


@contextmanager
def _disk_full(stage: Stage) -> Iterator[None]:
    assert stage.disk is not None
    stage.disk.fill()
    try:
        yield
    finally:
        stage.disk.empty()


@contextmanager
def _file_locked(stage: Stage) -> Iterator[None]:
    """By a program that writes to SQLite's file."""
    file = stage.site.data_dir / "db.sqlite3"
    with closing(sqlite3.connect(file, isolation_level=None, timeout=60)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@contextmanager
def _database_restarted(stage: Stage) -> Iterator[None]:
    assert stage.database is not None
    stage.database.stop()
    yield
    stage.database.start()


@contextmanager
def _database_frozen(stage: Stage) -> Iterator[None]:
    assert stage.database is not None
    with stopped(stage.database.processes()):
        yield


@contextmanager
def _table_locked(stage: Stage) -> Iterator[None]:
    with psycopg.connect(stage.site.settings["DATABASE_URL"]) as other:
        other.execute("LOCK TABLE crm_crmsystem IN ACCESS EXCLUSIVE MODE")
        yield


@contextmanager
def _database_read_only(stage: Stage) -> Iterator[None]:
    """As after a failover: each connection ends, and the next one takes no writes.

    Nobody ends that when writes are taken again.
    """
    _alter_database(stage, "ALTER DATABASE {} SET default_transaction_read_only = on", ends=True)
    try:
        yield
    finally:
        _alter_database(stage, "ALTER DATABASE {} RESET default_transaction_read_only", ends=False)


def _alter_database(stage: Stage, statement: str, ends: bool) -> None:
    address = stage.site.settings["DATABASE_URL"]
    name = address.rpartition("/")[2]
    with psycopg.connect(address, autocommit=True) as admin:
        admin.execute("SET default_transaction_read_only = off")
        admin.execute(psycopg.sql.SQL(statement).format(psycopg.sql.Identifier(name)))
        if ends:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )


@contextmanager
def _redis_away(stage: Stage) -> Iterator[None]:
    assert stage.redis is not None
    stage.redis.stop()
    yield
    stage.redis.start()


@contextmanager
def _redis_frozen(stage: Stage) -> Iterator[None]:
    """It takes connections, and never answers."""
    assert stage.redis is not None
    with stopped(stage.redis.processes()):
        yield


FAULTS = {
    fault.name: fault
    for fault in (
        Fault("kill-server", _server_killed, lasts=0, deadly=True, times=50),
        Fault("kill-master", _master_killed, lasts=1),
        Fault("kill-worker", _worker_killed, lasts=1, times=10),
        Fault("stop-worker", _worker_stopped, lasts=1, times=1),
        Fault("fill-disk", _disk_full, "disk"),
        Fault("lock-file", _file_locked, "file"),
        Fault("restart-database", _database_restarted, "database", doubtful=True),
        Fault("freeze-database", _database_frozen, "database", lasts=8, doubtful=True),
        Fault("lock-table", _table_locked, "database"),
        Fault("read-only-database", _database_read_only, "database", doubtful=True),
        Fault("redis-away", _redis_away, "redis"),
        Fault("freeze-redis", _redis_frozen, "redis", lasts=8),
    )
}
