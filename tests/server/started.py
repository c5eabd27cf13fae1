"""A site that was set up, and what its commands answer when they cannot work."""

import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg

from tests.databases import fresh_database
from tests.processes import manage
from tests.sites import set_up


class Site:
    """A site that was set up, and what its commands answer."""

    def __init__(self, data_dir: Path, environment: dict[str, str]) -> None:
        self.data_dir, self.environment = data_dir, environment

    def run(self, *arguments: str, **more: str) -> "subprocess.CompletedProcess[str]":
        return manage(*arguments, data_dir=self.data_dir, **{**self.environment, **more})

    def refusal(self, *arguments: str, **more: str) -> str:
        """The one line with which a command ends that cannot work."""
        done = self.run(*arguments, **more)
        assert done.returncode == 1, done.stdout
        assert "Traceback" not in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1, done.stderr
        return done.stderr

    def execute(self, *statements: str) -> None:
        """Statements, past SyteOps."""
        if address := self.environment.get("DATABASE_URL"):
            with psycopg.connect(address, autocommit=True) as database:
                for statement in statements:
                    database.execute(statement.encode())
            return
        with closing(sqlite3.connect(self.data_dir / "db.sqlite3")) as file, file:
            for statement in statements:
                file.execute(statement)


@contextmanager
def a_site(data_dir: Path) -> Iterator[Site]:
    """Set up in that directory, with a database of its own."""
    with fresh_database() as environment:
        set_up(data_dir, environment)
        yield Site(data_dir, environment)
