"""The database, the cache or the disk is away: 503 with Retry-After, and one line in the log."""

import errno
import logging
import sqlite3
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.files.base import ContentFile
from django.db import (
    DatabaseError,
    InterfaceError,
    InternalError,
    OperationalError,
    ProgrammingError,
)
from django.test import Client
from pytest_django import Settings
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import OutOfMemoryError, ReadOnlyError

from manage_api.errors import as_api_error
from syteops.core.counters import CounterKind, counters
from syteops.core.outages import is_outage
from syteops.core.redis_cache import RedisCache
from syteops.core.uploads import Uploads
from syteops.server.logs import OneLineFilter, SaidAlreadyFilter
from tests.fixtures import Api

pytestmark = pytest.mark.django_db

SAID = "server closed the connection unexpectedly\n\tThis probably means that it died"


@pytest.fixture
def log() -> Iterator[StringIO]:
    """What the log of a server process would hold."""
    written = StringIO()
    handler, django_s = logging.StreamHandler(written), logging.getLogger("django.request")
    handler.addFilter(OneLineFilter())
    said_already = SaidAlreadyFilter()
    django_s.addFilter(said_already)
    logging.getLogger().addHandler(handler)
    yield written
    logging.getLogger().removeHandler(handler)
    django_s.removeFilter(said_already)


@pytest.fixture
def no_database(site_key: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A site whose database has gone since its key was made."""

    def fail(*args: Any) -> None:
        raise OperationalError(SAID)

    monkeypatch.setattr("django.db.backends.utils.CursorWrapper.execute", fail)
    return site_key


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/crm-systems"),
        ("POST", "/crm-systems"),
        ("POST", "/crm-systems/bulk"),
        ("GET", "/manifest"),
        ("GET", "/dispatch?resource=crm&action=list"),
        ("POST", "/dispatch"),
        ("GET", "/whoami"),
    ],
)
def test_without_the_database_the_api_says_so_in_its_shape(
    no_database: str, method: str, path: str, log: StringIO
) -> None:
    answer = Api(no_database).call(method, path, {} if method == "POST" else None)
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert answer.json()["code"] == "unavailable"
    assert SAID not in answer.content.decode()
    lines = log.getvalue().splitlines()
    assert len(lines) == 1, lines
    assert f"{method} /api/manage/v1{path.partition('?')[0]}" in lines[0]
    assert "OperationalError: server closed the connection unexpectedly This" in lines[0]


@pytest.mark.usefixtures("no_database")
@pytest.mark.parametrize("path", ["/admin/", "/metrics", "/admin/login/"])
def test_without_the_database_a_page_says_so(path: str, log: StringIO) -> None:
    client = Client(raise_request_exception=False)
    client.cookies["sessionid"] = "a" * 32
    answer = client.get(path)
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert "not available for the moment" in answer.content.decode()
    assert answer["X-Request-ID"] in answer.content.decode()
    assert len(log.getvalue().splitlines()) == 1


@pytest.mark.usefixtures("no_database")
def test_alive_is_told_without_database_session_or_host(client: Client) -> None:
    client.cookies["sessionid"] = "a" * 32
    assert client.get("/healthz", headers={"Host": "10.0.0.7"}).json() == {"alive": True}


@pytest.mark.usefixtures("no_database")
def test_readiness_has_one_line_too(client: Client, log: StringIO) -> None:
    assert client.get("/readyz").status_code == 503
    assert len(log.getvalue().splitlines()) == 1


def test_an_item_of_a_bulk_call_does_not_hide_it(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise OperationalError(SAID)

    monkeypatch.setattr("syteops.audit.services.insert_row", fail)
    item = {"action": "create", "params": {"name": "Acme"}}
    answer = api.post("/crm-systems/bulk", {"items": [item]})
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


def sqlite(name: str) -> sqlite3.Error:
    error = sqlite3.OperationalError("x")
    error.sqlite_errorname = name
    return error


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OperationalError("connection refused"), "nobody listens"),
        (InterfaceError("connection already closed"), "it went in the middle"),
        (caused(OperationalError(), psycopg.errors.QueryCanceled()), "a statement took too long"),
        (caused(OperationalError(), psycopg.errors.LockNotAvailable()), "a lock was never free"),
        (caused(OperationalError(), psycopg.errors.DiskFull()), "its disk is full"),
        (caused(InternalError(), psycopg.errors.ReadOnlySqlTransaction()), "a standby"),
        (
            caused(InternalError(), psycopg.errors.IdleInTransactionSessionTimeout()),
            "this machine was paused within a transaction",
        ),
        (caused(InternalError(), psycopg.errors.DataCorrupted()), "its files are damaged"),
        (caused(ProgrammingError(), psycopg.errors.InsufficientPrivilege()), "it grew too large"),
        (caused(OperationalError(), sqlite("SQLITE_BUSY")), "another program holds the file"),
        (caused(OperationalError(), sqlite("SQLITE_FULL")), "the disk is full"),
        (caused(OperationalError(), sqlite("SQLITE_READONLY")), "the file is read-only"),
        (caused(OperationalError(), sqlite("SQLITE_CANTOPEN")), "the directory is gone"),
        (caused(DatabaseError(), sqlite("SQLITE_CORRUPT")), "the file is damaged"),
        (RedisConnectionError("refused"), "Redis is away"),
        (OutOfMemoryError("OOM"), "Redis is full"),
        (ReadOnlyError("READONLY"), "Redis is a replica"),
        (OSError(errno.ENOSPC, "No space left on device"), "a picture on a full disk"),
        (OSError(errno.EROFS, "Read-only file system"), "a disk that was remounted"),
        (PermissionError(errno.EACCES, "Permission denied"), "a file that root has left there"),
        (PermissionError(errno.EPERM, "Not permitted"), "a file that nobody may change"),
        (OSError(errno.EFBIG, "File too large"), "the limit of a process"),
        (OSError(errno.ESTALE, "Stale file handle"), "a disk of another machine"),
        (OSError(errno.ENOLCK, "No locks available"), "the same"),
        (OSError(errno.ENOTCONN, "Transport endpoint is not connected"), "the same"),
        (TimeoutError(errno.ETIMEDOUT, "Connection timed out"), "the same"),
        (OSError(errno.EUCLEAN, "Structure needs cleaning"), "a damaged disk"),
        (
            FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']"),
            "no disk has room, and none had when Python looked for one first",
        ),
    ],
)
def test_these_are_outages(error: Exception, reason: str) -> None:
    assert is_outage(error), reason
    assert as_api_error(error).code == "unavailable"


@pytest.mark.parametrize(
    "error",
    [
        caused(OperationalError("no such column"), sqlite("SQLITE_ERROR")),
        caused(InternalError(), psycopg.errors.InFailedSqlTransaction()),
        caused(ProgrammingError(), psycopg.errors.UndefinedTable()),
        FileNotFoundError(errno.ENOENT, "No such file"),
        KeyError("x"),
    ],
)
def test_our_own_mistakes_are_none(error: Exception) -> None:
    assert not is_outage(error)
    assert as_api_error(error).code == "internal_error"


@pytest.mark.parametrize("lost", ["uploads", "uploads/team"])
def test_a_disk_of_pictures_that_is_not_mounted_is_an_outage(tmp_path: Path, lost: str) -> None:
    """A link led to it: whoever sent a picture was told of an unforeseen error."""
    (tmp_path / lost).parent.mkdir(exist_ok=True)
    (tmp_path / lost).symlink_to("/no/such/disk")
    with pytest.raises(OSError, match="Nothing can be kept there") as failure:
        Uploads(tmp_path / "uploads").save("team/1/anna.png", ContentFile(b"anna"))
    assert is_outage(failure.value)


# --- Redis -----------------------------------------------------------------------------------


@pytest.fixture
def no_redis(settings: Settings) -> None:
    address = "redis://127.0.0.1:1/0"
    backend = "syteops.core.redis_cache.RedisCache"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": address}}
    settings.CACHE_URL = address


@pytest.mark.usefixtures("no_redis")
def test_without_redis_the_api_goes_on_and_limits_hold_on_this_machine(
    site_key: str, settings: Settings, log: StringIO
) -> None:
    settings.MANAGE_API_READS_PER_MINUTE = 3
    counters()._alone.clear()
    statuses = [Api(site_key).get("/crm-systems").status_code for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    lines = log.getvalue().splitlines()
    assert len(lines) == 1
    assert "Limits are counted by each machine alone: ConnectionError" in lines[0]


@pytest.mark.usefixtures("no_redis")
def test_redis_is_asked_again_after_a_while_only(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, log: StringIO
) -> None:
    asked: list[str] = []

    def fail(key: str, *args: Any, **kwargs: Any) -> None:
        asked.append(key)
        raise RedisConnectionError("refused")

    now = 1000.0
    monkeypatch.setattr("syteops.core.counters.time.monotonic", lambda: now)
    monkeypatch.setattr(RedisCache, "count", staticmethod(fail))
    store = counters()
    for _ in range(3):
        store.add(CounterKind.READS, "x", 60)
    assert len(asked) == 1
    now += 6
    store.add(CounterKind.READS, "x", 60)
    assert len(asked) == 2
    monkeypatch.setattr(RedisCache, "count", lambda *args: 7)
    assert store.add(CounterKind.READS, "x", 60) != 7
    now += 6
    assert store.add(CounterKind.READS, "x", 60) == 7
    assert [line.partition(":")[0] for line in log.getvalue().splitlines()] == [
        "Limits are counted by each machine alone",
        "Limits are counted for every machine together again.",
    ]
