"""What cannot work is said in one line, with the cure, before the first request."""

import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest

from syteops import env
from syteops.server.serving import server_command
from tests.databases import fresh_database as new_fresh_database
from tests.environment import ROOT
from tests.processes import manage
from tests.sites import set_up

pytestmark = pytest.mark.slow


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


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with new_fresh_database() as environment:
        site = Site(tmp_path_factory.mktemp("site") / "data", environment)
        set_up(site.data_dir, environment)
        yield site


@contextmanager
def replaced(file: Path, content: bytes) -> Iterator[None]:
    before = file.read_bytes()
    file.write_bytes(content)
    try:
        yield
    finally:
        file.write_bytes(before)


def test_no_code_of_the_directory_is_run_in_which_it_is_started(tmp_path: Path) -> None:
    (tmp_path / "syteops").mkdir()
    (tmp_path / "syteops" / "__init__.py").write_text("raise SystemExit('other code')")
    command = [*server_command()[:-1], "syteops.lib.paths"]  # a module that only has to be found
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


# --- Secrets ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["secret_key", "audit_key"])
@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe\x00\x01", b"\x00" * 48])
def test_a_damaged_secret_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    file = tmp_path / "secrets" / name
    file.parent.mkdir(mode=0o700)
    file.write_bytes(content)
    refusal = Site(tmp_path, {}).refusal("check")
    assert f"{name.upper()} cannot be read from {file}" in refusal
    assert "Restore this file from a backup." in refusal


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00\x01"])
def test_damaged_encryption_keys_are_named(site: Site, content: bytes) -> None:
    with replaced(site.data_dir / "secrets" / "encryption_keys", content):
        done = site.run("serve")
    assert done.returncode == 1
    assert "does not hold encryption keys" in done.stderr
    assert "Restore this file from a backup" in done.stderr
    assert "Traceback" not in done.stderr


# --- Packages and files ----------------------------------------------------------------------


@pytest.mark.parametrize("package", ["environ", "unfold", "whitenoise", "granian"])
def test_a_missing_package_is_named(site: Site, tmp_path: Path, package: str) -> None:
    (tmp_path / f"{package}.py").write_text(
        f"raise ModuleNotFoundError('No module named {package}', name='{package}')"
    )
    refusal = site.refusal("serve", PYTHONPATH=str(tmp_path))
    assert f"the Python package {package} is not installed" in refusal
    assert "Run make run-environment" in refusal


def test_missing_static_files_are_noticed_and_made_again(site: Site) -> None:
    victim = next((site.data_dir / "static" / "syteops").glob("admin.*.css"))
    victim.unlink()
    assert "run manage.py setup" in site.refusal("serve")
    assert "Static files: collected." in site.run("setup").stdout
    assert victim.exists()


# --- The database ----------------------------------------------------------------------------


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


# --- Whose site it is ------------------------------------------------------------------------


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    (tmp_path / "secrets").mkdir()
    return tmp_path


def as_user(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: number)


def test_its_owner_may_run_commands(data_dir: Path) -> None:
    env.require_owner(data_dir)


@pytest.mark.parametrize("stranger", [0, 65_533])
def test_nobody_else_may_not_even_root(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, stranger: int
) -> None:
    if os.geteuid() == 0:
        os.chown(data_dir / "secrets", 65_532, 65_532)
    as_user(monkeypatch, stranger)
    with pytest.raises(SystemExit, match=r"which belongs to .* Run this as .*: sudo -u"):
        env.require_owner(data_dir)


def test_before_the_first_start_root_leaves_another_s_directory_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As systemd makes it: for the account of the service."""
    if tmp_path.stat().st_uid == 0:
        os.chown(tmp_path, 65_532, 65_532)
    as_user(monkeypatch, 0)
    with pytest.raises(SystemExit, match="which belongs to"):
        env.require_owner(tmp_path)
    env.require_owner(tmp_path / "not there yet")


def test_a_volume_that_only_its_group_may_write_can_be_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_user(monkeypatch, tmp_path.stat().st_uid + 1)
    env.require_owner(tmp_path)
