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
    if connection.vendor != "postgresql":
        yield {}
        return
    server, _, _ = os.environ["SYTEOPS_TEST_DATABASE_URL"].rpartition("/")
    name = f"fresh_{uuid.uuid4().hex}"
    _administer("CREATE DATABASE {}", name)
    try:
        yield {"DATABASE_URL": f"{server}/{name}"}
    finally:
        _administer("DROP DATABASE {} WITH (FORCE)", name)


def _administer(statement: str, name: str) -> None:
    """One statement in a connection of its own: databases are not made in transactions."""
    address = os.environ["SYTEOPS_TEST_DATABASE_URL"]
    with psycopg.connect(address, autocommit=True) as server:
        server.execute(sql.SQL(statement).format(sql.Identifier(name)))
