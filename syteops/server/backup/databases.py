"""One consistent copy of the database, while the site goes on running, and the way back."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from django.db import DatabaseError, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import ConnectionHandler
from psycopg.pq import Conninfo

from syteops.env import inherited_environment
from syteops.lib.children import ending_with_us
from syteops.server.backup.archive import Broken, put_file

_MIGRATIONS = "django_migrations"
_COLUMNS = 4
"""Of that table; no other line of its copy has as many."""


class ClientFailed(Exception):
    """PostgreSQL's program is missing or failed; the message says which and why."""


def dump_name(kind: str) -> str:
    """What the copy is called in a backup."""
    return "database.sqlite3" if kind == "sqlite" else "database.dump"


def dump(target: Path) -> None:
    """Write a copy of this site's database. Raises ClientFailed or sqlite3.Error."""
    if connection.vendor == "postgresql":
        _require_no_pooler()
        # Nobody but its owner may comment on pg_trgm, and whoever restores need not be that.
        options = ("--format=custom", "--no-owner", "--no-comments", f"--file={target}")
        _run_client("pg_dump", *options)
        return
    address = f"{Path(connection.settings_dict['NAME']).as_uri()}?mode=rw"
    with (
        closing(sqlite3.connect(address, uri=True)) as source,
        closing(sqlite3.connect(target)) as copy,
    ):
        source.backup(copy)


def check(copy: Path, kind: str) -> None:
    """Read the copy from its beginning to its end. Raises Broken."""
    if kind == "postgresql":
        try:
            _run_client("pg_restore", f"--file={os.devnull}", str(copy), connect=False)
        except ClientFailed as error:
            raise Broken(f"The database cannot be read: {error}") from error
        return
    with _opened(copy) as own, own.cursor() as cursor:
        found = cursor.execute("PRAGMA integrity_check").fetchone()[0]
        tables = own.introspection.table_names(cursor)
    if found != "ok" or not tables:
        raise Broken(f"The database is damaged: {found if tables else 'it is empty'}")


def applied_migrations(copy: Path, kind: str) -> set[tuple[str, str]]:
    """The migrations that the copy tells of: by app and name. Raises Broken."""
    if kind != "postgresql":
        with _opened(copy) as own, own.cursor() as cursor:
            if _MIGRATIONS not in own.introspection.table_names(cursor):
                return set()
            cursor.execute(f"SELECT app, name FROM {_MIGRATIONS}")  # noqa: S608 - Django's table
            return {(str(app), str(name)) for app, name in cursor.fetchall()}
    table = f"--table={_MIGRATIONS}"
    try:
        text = _run_client("pg_restore", "--data-only", table, "--file=-", str(copy), connect=False)
    except ClientFailed as error:
        raise Broken(f"The database cannot be read: {error}") from error
    # COPY public.django_migrations (id, app, name, applied) FROM stdin;
    rows = (line.split("\t") for line in text.splitlines())
    return {(row[1], row[2]) for row in rows if len(row) == _COLUMNS}


@contextmanager
def _opened(copy: Path) -> Iterator[BaseDatabaseWrapper]:
    """SQLite's copy, by way of Django, whose functions the constraints of the tables call."""
    own = ConnectionHandler({"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": copy}})
    try:
        with closing(own["default"]):
            yield own["default"]
    except DatabaseError as error:
        raise Broken(f"The database cannot be read: {error}") from error


def load(copy: Path) -> None:
    """Put the copy in the place of this site's empty database. Raises ClientFailed, OSError."""
    if connection.vendor == "postgresql":
        _require_no_pooler()
        _run_client(
            "pg_restore",
            *("--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"),
            f"--dbname={connection.settings_dict['NAME']}",
            str(copy),
        )
        return
    connection.close()
    place = Path(connection.settings_dict["NAME"]).resolve()  # some have a link to another disk
    for suffix in ("-wal", "-shm"):
        place.with_name(place.name + suffix).unlink(missing_ok=True)
    put_file(copy, place)


def _require_no_pooler() -> None:
    """Raises ClientFailed behind a pooler, which gives us a number that no process has.

    PostgreSQL's programs change their session, its `search_path` above all. From a pooler the site
    would get that session next, and find no table.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        if cursor.fetchone()[0] == connection.connection.info.backend_pid:
            return
    raise ClientFailed(
        "DATABASE_URL leads to a pooler such as pgbouncer. Run this command with the address of "
        "PostgreSQL itself: DATABASE_URL=postgres://… manage.py …"
    )


def _run_client(program: str, *arguments: str, connect: bool = True) -> str:
    """What it says. The password goes through the environment, where other users do not see it.

    A command that is killed leaves no program behind that fills the database all the same.
    """
    command: Sequence[str] = [shutil.which(program) or "", *arguments]
    if not command[0]:
        raise ClientFailed(f"{program} is not installed. Install PostgreSQL's client programs.")
    variables = {**inherited_environment(), **(_client_variables() if connect else {})}
    done = subprocess.run(  # noqa: S603 - a program of PostgreSQL's, no shell
        ending_with_us(command), env=variables, capture_output=True, text=True, check=False
    )
    if done.returncode:
        how = f"was killed (signal {-done.returncode})" if done.returncode < 0 else "failed"
        raise ClientFailed(" ".join(done.stderr.split()) or f"{program} {how}.")
    return done.stdout


def _client_variables() -> dict[str, str]:
    """The whole address, as libpq calls it: with less they may ask another server than the site."""
    given = connection.get_connection_params()
    found = {one.envvar: given.get(one.keyword.decode()) for one in Conninfo.get_defaults()}
    return {name.decode(): str(value) for name, value in found.items() if name and value}
