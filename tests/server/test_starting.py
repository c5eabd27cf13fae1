"""What cannot work is said in one line, with the cure, before the first request.

What is wrong with the database: tests/server/test_starting_on_a_database.py.
"""

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from syteops import env
from tests.environment import ROOT
from tests.processes import clean_environment
from tests.server.started import Site, a_site

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with a_site(tmp_path_factory.mktemp("site") / "data") as site:
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
    environment = clean_environment(tmp_path / "data")
    done = subprocess.run(
        [sys.executable, ROOT / "manage.py", "serve"],
        cwd=tmp_path,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    assert "other code" not in done.stderr
    assert "run manage.py setup" in done.stderr


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


def test_a_lost_audit_key_is_named_and_no_other_made(site: Site) -> None:
    file = site.data_dir / "secrets" / "audit_key"
    before = file.read_bytes()
    file.unlink()
    try:
        for command in ("serve", "worker", "setup", "backup"):
            refusal = site.refusal(command)
            assert "AUDIT_KEY is missing" in refusal
            assert f"Restore {file} from a backup" in refusal
        assert not file.exists()
    finally:
        file.write_bytes(before)


def test_a_trail_under_another_key_is_told_before_the_first_request(site: Site) -> None:
    with replaced(site.data_dir / "secrets" / "audit_key", secrets.token_urlsafe(48).encode()):
        done = site.run("serve", HOST="192.0.2.1")  # of nobody here
    assert "AUDIT_KEY is another. Run manage.py verify_audit" in done.stderr


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
