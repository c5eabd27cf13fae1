"""Every file that belongs into a backup is in it, as it was, or there is no backup."""

import os
import shutil
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from pytest_django import Settings

from syteops.core.postgresql.base import DatabaseWrapper
from syteops.lib.children import ending_with_us
from syteops.server.backup import databases
from syteops.server.backup.archive import Contents, put_file, unpack, write_archive
from syteops.server.backup.site import _placed, _upload_files


def archived(root: Path, settings: Settings, during: Callable[[], object] = int) -> set[str]:
    """What is archived of uploads, and whole; `during` happens once they were found."""
    settings.MEDIA_ROOT, target = str(root / "uploads"), root / "made.tar.gz"
    found = list(_upload_files())
    during()
    contents = Contents("1", "now", "sqlite", "")
    write_archive(target, root / "draft", contents, [("database.sqlite3", b"x"), *found])
    (root / "unpacked").mkdir()
    return set(unpack(target, root / "unpacked").files) - {"database.sqlite3"}


@pytest.fixture
def uploads(tmp_path: Path) -> Path:
    """Of a site that keeps some pictures on another disk, one of them twice."""
    uploads, other = tmp_path / "uploads", tmp_path / "other"
    (uploads / "team").mkdir(parents=True)
    other.mkdir()
    (other / "anna.png").write_bytes(b"anna")
    (uploads / "team" / "ben.png").write_bytes(b"ben")
    (uploads / "more").symlink_to(other)
    (uploads / "anna.png").symlink_to(other / "anna.png")
    (uploads / "team" / "anna.png").hardlink_to(other / "anna.png")
    os.mkfifo(uploads / "pipe")
    return uploads


def test_pictures_behind_links_are_in_it(uploads: Path, settings: Settings) -> None:
    names = {"anna.png", "more/anna.png", "team/anna.png", "team/ben.png"}
    assert archived(uploads.parent, settings) == {f"uploads/{name}" for name in names}


def test_what_changes_while_it_is_made_does_not_spoil_it(uploads: Path, settings: Settings) -> None:
    ben, anna = uploads / "team" / "ben.png", uploads / "team" / "anna.png"

    def change() -> None:
        ben.unlink()
        anna.write_bytes(b"a larger picture of anna")

    assert "uploads/team/ben.png" not in archived(uploads.parent, settings, change)


@pytest.mark.parametrize(
    "what", ["a directory that is closed", "a link that leads nowhere", "a link to itself"]
)
def test_what_cannot_be_read_is_never_left_out(
    uploads: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    list_directory = os.scandir

    def scan(place: Any) -> Any:
        if what == "a directory that is closed" and Path(place).name == "team":
            raise PermissionError(13, "Permission denied", str(place))  # root is let in
        return list_directory(place)

    monkeypatch.setattr(os, "scandir", scan)
    if what == "a link that leads nowhere":
        shutil.rmtree(uploads.parent / "other")
    if what == "a link to itself":
        (uploads / "team" / "round").symlink_to(uploads / "team")
    with pytest.raises(OSError, match=r"Permission|No such|in a circle"):
        archived(uploads.parent, settings)


# --- The way back --------------------------------------------------------------------------------


def test_what_was_there_is_kept_on_the_disk_and_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All pictures of a site at once were held in memory, of which there need not be as much."""
    monkeypatch.setattr(Path, "read_bytes", lambda path: pytest.fail("read as a whole"))
    was, new = tmp_path / "there" / "anna.png", tmp_path / "there" / "ben.png"
    was.parent.mkdir()
    was.write_text("before")
    (tmp_path / "source").write_text("restored")
    places = [(tmp_path / "source", one) for one in (was, new)]
    placed = ExitStack()
    placed.enter_context(_placed(places, tmp_path / "aside"))
    assert [one.read_text() for one in (was, new)] == ["restored", "restored"]
    with pytest.raises(KeyboardInterrupt), placed:
        raise KeyboardInterrupt
    assert was.read_text() == "before"
    assert [one.name for one in was.parent.iterdir()] == ["anna.png"]


def test_what_is_put_there_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys are short: they were still in memory when the disk was waited for."""
    lasting: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda file: lasting.append(os.fstat(file).st_size))
    (tmp_path / "key").write_text("secret")
    put_file(tmp_path / "key", tmp_path / "secrets" / "key")
    assert lasting == [len("secret")]


def test_a_database_is_restored_to_where_a_link_leads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some keep it on another disk: the link was replaced, and the site went on beside it."""
    place, link, copy = tmp_path / "disk", tmp_path / "db.sqlite3", tmp_path / "copy"
    link.symlink_to(place)
    copy.write_bytes(b"restored")
    own = SimpleNamespace(vendor="sqlite", close=int, settings_dict={"NAME": link})
    monkeypatch.setattr(databases, "connection", own)
    databases.load(copy)
    assert (place.read_bytes(), link.is_symlink()) == (b"restored", True)


def test_so_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "encryption_keys").symlink_to(tmp_path / "disk")
    (tmp_path / "key").write_bytes(b"key")
    put_file(tmp_path / "key", tmp_path / "encryption_keys")
    assert (tmp_path / "disk").read_bytes() == b"key"
    assert (tmp_path / "encryption_keys").is_symlink()


def test_a_program_of_postgresql_ends_with_the_command_and_one_that_was_killed_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[object] = []

    def run(command: object, **given: object) -> Any:
        started.append(command)
        return subprocess.CompletedProcess(str(command), -9, "", "")

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(shutil, "which", lambda program: f"/usr/bin/{program}")
    with pytest.raises(databases.ClientFailed, match=r"^pg_restore was killed \(signal 9\)\.$"):
        databases._run_client("pg_restore", "x", connect=False)
    assert started == [ending_with_us(["/usr/bin/pg_restore", "x"])]


def test_programs_of_postgresql_are_told_the_whole_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of several servers they asked the first one, which may lag behind, and knew no passfile."""
    options = {
        "passfile": "/etc/pass",
        "sslcrl": "/etc/crl",
        "target_session_attrs": "read-write",
        "keepalives_idle": 10,
        "connect_timeout": 5,
    }
    address = {"NAME": "ops", "HOST": "a,b", "PORT": "5432", "USER": "u", "PASSWORD": ""}
    given = {**connection.settings_dict, **address, "OPTIONS": options}
    monkeypatch.setattr(databases, "connection", DatabaseWrapper(given))
    told = databases._client_variables()
    told.pop("PGCLIENTENCODING", None)
    assert told == {
        **{"PGDATABASE": "ops", "PGHOST": "a,b", "PGPORT": "5432", "PGUSER": "u"},
        **{"PGPASSFILE": "/etc/pass", "PGSSLCRL": "/etc/crl", "PGCONNECT_TIMEOUT": "5"},
        "PGTARGETSESSIONATTRS": "read-write",
    }
