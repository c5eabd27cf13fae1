"""Empty databases for child processes, of the kind that this run tests."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.db import connection
from psycopg import sql


@contextmanager
def fresh_database() -> Iterator[dict[str, str]]:
    """Yields the environment that leads to it. On SQLite a fresh data directory is enough."""
    environment = make_database()
    try:
        yield environment
    finally:
        if environment:
            _administer("DROP DATABASE {} WITH (FORCE)", environment["DATABASE_URL"])


def make_database() -> dict[str, str]:
    """An empty database that lasts as long as the server, and the environment that leads to it."""
    if connection.vendor != "postgresql":
        return {}
    address = f"{_server()}/fresh_{uuid.uuid4().hex}"
    _administer("CREATE DATABASE {}", address)
    return {"DATABASE_URL": address}


def is_on_test_server(address: str) -> bool:
    """Whether that database is on the server that this run was given, if it was given one."""
    return address.startswith(f"{_server()}/")


def _server() -> str:
    return os.environ.get("SYTEOPS_TEST_DATABASE_URL", "").rpartition("/")[0]


def copy_database(source: str, target: str) -> None:
    """Replace one database by a copy of another, both named by address and in use by nobody."""
    _administer("DROP DATABASE {} WITH (FORCE)", target)
    _administer("CREATE DATABASE {} TEMPLATE {}", target, source)


def _administer(statement: str, *addresses: str) -> None:
    """One statement in a connection of its own: databases are not made in transactions."""
    names = [sql.Identifier(one.rpartition("/")[2]) for one in addresses]
    with psycopg.connect(os.environ["SYTEOPS_TEST_DATABASE_URL"], autocommit=True) as server:
        server.execute(sql.SQL(statement).format(*names))
