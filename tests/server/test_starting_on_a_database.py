"""A database that cannot be worked with is named in one line, with the cure, at the start."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.server.started import Site, a_site

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with a_site(tmp_path_factory.mktemp("site") / "data") as site:
        yield site


def test_code_that_is_older_than_the_database_is_refused(site: Site) -> None:
    site.execute(
        "INSERT INTO django_migrations (app, name, applied)"
        " VALUES ('crm', '9999_from_the_future', '2026-01-01')"
    )
    try:
        for command in ("setup", "serve"):
            refusal = site.refusal(command)
            assert "belongs to a newer version of SyteOps" in refusal
            assert "crm.9999_from_the_future" in refusal
    finally:
        site.execute("DELETE FROM django_migrations WHERE name = '9999_from_the_future'")


def test_a_database_that_is_too_old_is_refused(site: Site) -> None:
    where = "WHERE app = 'estimates' AND name IN ('0001_estimates', '0006_index_failed_mail')"
    site.execute(f"UPDATE django_migrations SET app = 'put_aside' {where}")
    try:
        for command in ("setup", "serve"):
            refusal = site.refusal(command)
            assert "too old" in refusal
            assert "estimates.0006_index_failed_mail" in refusal
            assert "with the code of commit" in refusal
        assert "syteops.E014" in site.run("migrate").stderr
    finally:
        aside = where.replace("'estimates'", "'put_aside'")
        site.execute(f"UPDATE django_migrations SET app = 'estimates' {aside}")


def test_what_a_module_left_that_is_not_installed_any_more_does_not_matter(site: Site) -> None:
    site.execute(
        "INSERT INTO django_migrations (app, name, applied)"
        " VALUES ('former_module', '0001_initial', '2026-01-01')"
    )
    assert site.run("setup").returncode == 0


@pytest.mark.postgresql_only
def test_a_read_only_database_is_refused(site: Site) -> None:
    name = site.environment["DATABASE_URL"].rpartition("/")[2]
    site.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    try:
        refusal = site.refusal("serve")
    finally:
        site.execute(
            "SET default_transaction_read_only = off",
            f"ALTER DATABASE {name} RESET default_transaction_read_only",
        )
    assert "The database cannot be written (PostgreSQL, " in refusal
    assert "read-only" in refusal


@pytest.mark.sqlite_only
def test_a_database_that_another_program_holds_is_refused(site: Site) -> None:
    with closing(sqlite3.connect(site.data_dir / "db.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        refusal = site.refusal("serve", DATABASE_TIMEOUT="1")
    assert "The database cannot be written (SQLite, " in refusal
    assert "locked" in refusal


@pytest.mark.sqlite_only
def test_a_file_that_is_no_database_is_named(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "photo.sqlite3"
    file.write_bytes(b"\x89PNG" * 1000)
    refusal = site.refusal("serve", DATABASE_URL=f"sqlite:///{file}")
    assert f"The database cannot be read (SQLite, {file}): file is not a database" in refusal


@pytest.mark.sqlite_only
@pytest.mark.parametrize("command", ["verify_audit", "manage_key list"])
def test_every_command_names_a_file_that_is_no_database(
    site: Site, tmp_path: Path, command: str
) -> None:
    file = tmp_path / "photo.sqlite3"
    file.write_bytes(b"\x89PNG" * 1000)
    refusal = site.refusal(*command.split(), DATABASE_URL=f"sqlite:///{file}")
    assert "file is not a database" in refusal


def test_a_command_before_the_setup_says_what_to_do(
    tmp_path: Path, fresh_database: dict[str, str]
) -> None:
    refusal = Site(tmp_path / "data", fresh_database).refusal("manage_key", "list")
    assert "run manage.py setup" in refusal
