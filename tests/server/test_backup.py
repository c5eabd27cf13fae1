"""A backup is the whole site: what it was restored to is the same, and works."""

import gzip
import hashlib
import io
import json
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from syteops.audit.models import AuditEntry
from syteops.core import pending_migrations
from syteops.server.backup import databases
from syteops.server.backup import site as site_of_backup
from syteops.server.backup.site import _workshop
from tests.console import console
from tests.databases import fresh_database as new_fresh_database
from tests.each import each
from tests.effort import at_most
from tests.processes import manage
from tests.sites import set_up

pytestmark = pytest.mark.slow

_FILL = """
from syteops.core.actors import SYSTEM
from syteops.crm import services
system = services.create_crm_system(SYSTEM, name="Acme")
services.set_secrets(SYSTEM, system, api_key="hunter2-secret")
from syteops.people.sessions import SessionStore
SessionStore().create()
"""
_SHOW = """
from syteops.core.encryption import open_sealed
from syteops.crm.models import CrmSystem
from django.contrib.sessions.models import Session
from syteops.audit.models import AuditEntry
system = CrmSystem.objects.get()
told = AuditEntry.objects.filter(event="audit.restored")
print("Sessions:", Session.objects.count(), "Told:", *told.values_list("changes"))
print(system.name, open_sealed(system, "api_key"))
"""


@dataclass
class Site:
    data_dir: Path
    environment: dict[str, str]
    console: Callable[..., str] | None = None

    def run(self, *arguments: str, **more: str) -> "subprocess.CompletedProcess[str]":
        return manage(*arguments, data_dir=self.data_dir, **{**self.environment, **more})

    def do(self, *arguments: str, **more: str) -> str:
        if self.console and not more:
            return self.console(*arguments)
        done = self.run(*arguments, **more)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def refuse(self, *arguments: str, **more: str) -> str:
        done = self.run(*arguments, **more)
        assert done.returncode == 1, done.stdout
        assert "Traceback" not in done.stderr
        return done.stderr


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with new_fresh_database() as environment, ExitStack() as stack:
        site = Site(tmp_path_factory.mktemp("site") / "data", environment)
        set_up(site.data_dir, environment)
        site.console = stack.enter_context(console(site.data_dir, **environment))
        site.do("shell", "-c", _FILL)
        picture = site.data_dir / "uploads" / "pictures" / "anna.png"
        picture.parent.mkdir(parents=True)
        picture.write_bytes(b"\x89PNG anna")
        yield site


@pytest.fixture(scope="module")
def backup(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("kept") / "site.tar.gz"
    static = site.data_dir / "static"
    static.rename(aside := site.data_dir / "aside")  # it needs nothing that is made anew
    said = site.do("backup", str(file))
    aside.rename(static)
    assert f"Backup: {file}" in said
    assert "Uploads: 1" in said
    return file


@pytest.fixture
def empty(tmp_path: Path, fresh_database: dict[str, str]) -> Site:
    return Site(tmp_path / "restored", fresh_database)


def test_a_restored_site_is_the_same_and_opens_its_secrets(
    site: Site, backup: Path, empty: Site
) -> None:
    empty.do("restore", str(backup))
    empty.do("setup")
    told, shown = empty.do("shell", "-c", _SHOW).splitlines()[-2:]
    assert shown == "Acme hunter2-secret"
    assert told.startswith("Sessions: 0 Told: ({'backup_made_at':")  # once, and nobody is signed in
    assert "Everything is set up already." in empty.do("setup")
    assert "The audit trail is whole" in empty.do("verify_audit")
    for name in ("encryption_keys", "audit_key", "secret_key"):
        restored = empty.data_dir / "secrets" / name
        assert restored.read_text() == (site.data_dir / "secrets" / name).read_text()
        assert restored.stat().st_mode & 0o777 == 0o600
    picture = empty.data_dir / "uploads" / "pictures" / "anna.png"
    assert picture.read_bytes() == b"\x89PNG anna"
    assert "not empty" in empty.refuse("restore", str(backup))


_BREAK = """
import os
from django.core.management import call_command
from syteops.server.backup import databases, site
def fail(*args):
    {how}
{what} = fail
call_command("restore", {backup!r})
"""


def test_whoever_is_killed_while_restoring_restores_again(backup: Path, empty: Site) -> None:
    """The site is empty, or the one of the backup; never a database without its secrets."""
    for what, how in (
        ("site.put_file", "os._exit(9)"),
        ("databases.load", "raise OSError('the disk is full')"),
        ("databases.load", "os._exit(9)"),
    ):
        script = _BREAK.format(what=what, how=how, backup=str(backup))
        assert empty.run("shell", "-c", script).returncode in (1, 9)
        assert (empty.data_dir / "uploads" / "pictures" / "anna.png").exists() is (
            (what, how) == ("databases.load", "os._exit(9)")
        )
    empty.do("restore", str(backup))
    empty.do("setup")
    assert empty.do("shell", "-c", _SHOW).splitlines()[-1] == "Acme hunter2-secret"
    left = [path.name for path in empty.data_dir.rglob("*.restored")]
    assert left == []


def test_a_backup_is_for_its_owner_only_and_never_replaces_another(
    site: Site, backup: Path
) -> None:
    assert backup.stat().st_mode & 0o777 == 0o600
    before = backup.read_bytes()
    assert "exists already" in site.refuse("backup", str(backup))
    assert backup.read_bytes() == before
    assert [path.name for path in backup.parent.iterdir()] == [backup.name]


def test_by_default_it_goes_to_the_data_directory(site: Site) -> None:
    site.do("backup")
    found = list((site.data_dir / "backups").iterdir())
    assert len(found) == 1
    assert "The backup is whole" in site.do("verify_backup", str(found[0]))
    shutil.rmtree(site.data_dir / "backups")


def test_a_site_that_was_not_set_up_has_no_backup(tmp_path: Path, empty: Site) -> None:
    target = tmp_path / "site.tar.gz"
    assert "run manage.py setup" in empty.refuse("backup", str(target))
    assert not target.exists()


def test_secrets_can_be_kept_apart(site: Site, tmp_path: Path, empty: Site) -> None:
    target = tmp_path / "apart.tar.gz"
    site.do("backup", str(target), "--without-secrets")
    with tarfile.open(target) as archive:
        assert not [name for name in archive.getnames() if name.startswith("secrets")]
    refused = empty.refuse("restore", str(target))
    assert "Put the keys of the backup into" in refused
    keys = (site.data_dir / "secrets" / "encryption_keys").read_text().strip()
    empty.do("restore", str(target), FIELD_ENCRYPTION_KEYS=keys)
    shown = empty.do("shell", "-c", _SHOW, FIELD_ENCRYPTION_KEYS=keys)
    assert shown.splitlines()[-1] == "Acme hunter2-secret"


def test_other_keys_in_the_environment_are_refused_before_anything_is_restored(
    backup: Path, empty: Site
) -> None:
    other = "another-key-0123456789-abcdefghijklmnop"
    assert "do not open" in empty.refuse("restore", str(backup), FIELD_ENCRYPTION_KEYS=other)
    assert "AUDIT_KEY" in empty.refuse("restore", str(backup), AUDIT_KEY=other)
    empty.do("restore", str(backup))


# --- Damage ----------------------------------------------------------------------------------


def cut_off(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-200])


def turned_bit(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def emptied(file: Path) -> None:
    file.write_bytes(b"")


def rewritten(change: Callable[[dict[str, bytes]], None]) -> Callable[[Path], None]:
    def rewrite(file: Path) -> None:
        with tarfile.open(file) as archive:
            content: Any = {one.name: archive.extractfile(one).read() for one in archive}  # type: ignore[union-attr]
        change(content)
        with tarfile.open(file, "w:gz") as archive:
            for name, data in content.items():
                info = tarfile.TarInfo(name)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))

    return rewrite


def with_other_picture(content: dict[str, bytes]) -> None:
    content["uploads/pictures/anna.png"] = b"\x89PNG mallory"


def without_picture(content: dict[str, bytes]) -> None:
    del content["uploads/pictures/anna.png"]


def with_way_out(content: dict[str, bytes]) -> None:
    content["uploads/../../../evil"] = b"x"


def with_surplus(content: dict[str, bytes]) -> None:
    content["uploads/evil.png"] = b"x"


def of_another_format(content: dict[str, bytes]) -> None:
    facts = json.loads(content["backup.json"])
    content["backup.json"] = json.dumps({**facts, "format": 9}).encode()


def with_facts(**facts: Any) -> Callable[[dict[str, bytes]], None]:
    def change(content: dict[str, bytes]) -> None:
        told = json.loads(content["backup.json"])
        content["backup.json"] = json.dumps({**told, **facts}).encode()

    return change


def with_other_keys(content: dict[str, bytes]) -> None:
    content["secrets/encryption_keys"] = b"\xff\xfe"
    told = json.loads(content["backup.json"])
    told["files"]["secrets/encryption_keys"] = hashlib.sha256(b"\xff\xfe").hexdigest()
    content["backup.json"] = json.dumps(told).encode()


@pytest.mark.parametrize(
    "damage",
    [
        cut_off,
        turned_bit,
        emptied,
        rewritten(with_other_picture),
        rewritten(without_picture),
        rewritten(with_way_out),
        rewritten(with_surplus),
        rewritten(of_another_format),
        rewritten(with_facts(files=[])),
        rewritten(with_facts(files={"database.dump": 1})),
        rewritten(with_facts(proof=5)),
        rewritten(with_facts(proof="ä")),
        rewritten(with_facts(database=["sqlite"])),
        rewritten(with_facts(created=5, proof="ä")),
        rewritten(with_other_keys),
        rewritten(dict.clear),
    ],
)
@pytest.mark.django_db
def test_a_damaged_backup_is_noticed(
    backup: Path, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    from django.core.management import CommandError, call_command

    copy = tmp_path / "copy.tar.gz"
    shutil.copy(backup, copy)
    damage(copy)
    with pytest.raises(CommandError, match="cannot be restored"):
        call_command("verify_backup", str(copy))
    with pytest.raises(CommandError, match="Nothing was restored"):
        call_command("restore", str(copy))
    assert not (tmp_path.parent / "evil").exists()


# --- Somebody else's work ----------------------------------------------------------------------


def _packed(*members: tarfile.TarInfo, data: bytes = b"") -> bytes:
    """An archive of these; what they say of their size need not be true."""
    raw = b"".join(one.tobuf(tarfile.PAX_FORMAT) for one in members) + data
    return gzip.compress(raw + bytes(1024))


def _member(name: str = "uploads/x", **facts: Any) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    for fact, value in facts.items():
        setattr(info, fact, value)
    return info


@each(
    ("archive", "why"),
    [
        (_packed(_member(size=1 << 60)), "not enough room"),
        (_packed(*[_member(f"uploads/{n}") for n in range(60)]), "more files"),
        (_packed(_member("backup.json", size=9_000)), "more files"),
        (_packed(_member(pax_headers={"comment": "x" * 3_000_000})), "header that is too long"),
        (_packed(_member(pax_headers={"path": "x" * 3_000_000})), "header that is too long"),
        (_packed(_member(size=-512)), "restored"),
        (_packed(_member("uploads/same"), _member("uploads/same")), "restored"),
        (_packed(_member("uploads"), _member("uploads/x")), "restored"),
        (_packed(_member("uploads/" + "x/" * 3000 + "x")), "restored"),
        *(
            (_packed(_member(type=kind, linkname="/etc/passwd")), "does not belong")
            for kind in (
                *(tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE),
                *(tarfile.FIFOTYPE, tarfile.DIRTYPE, tarfile.CONTTYPE),
            )
        ),
        (_packed(_member("/etc/evil")), "does not belong"),
        (_packed(_member("../evil")), "does not belong"),
        (_packed(_member("uploads//etc/evil")), "does not belong"),
        (_packed(_member("uploads/./evil")), "does not belong"),
        (b"PK\x03\x04" + bytes(100), "damaged"),
    ],
)
def test_a_hostile_archive_is_refused_without_a_trace(
    archive: bytes, why: str, db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.core.management import CommandError, call_command

    monkeypatch.setattr("syteops.server.backup.archive.MOST_FILES", 50)
    monkeypatch.setattr("syteops.server.backup.archive._MOST_LISTED", 5_000)
    file = tmp_path / "hostile.tar.gz"
    file.write_bytes(archive)
    with at_most(2), pytest.raises(CommandError, match=why):
        call_command("verify_backup", str(file))
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


@pytest.mark.django_db
def test_a_backup_of_newer_code_or_of_something_else_is_refused(
    backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.core.management import CommandError, call_command

    known = pending_migrations._replaced_by_each()
    last = max(key for key in known if key[0] == "crm")
    older = {key: replaced for key, replaced in known.items() if key != last}
    older["crm", "0000_before_it"] = set()
    with monkeypatch.context() as older_code:
        older_code.setattr(pending_migrations, "_replaced_by_each", lambda: older)
        with pytest.raises(CommandError, match=r"newer version.*it has crm.*Install that version"):
            call_command("restore", str(backup))
        with pytest.raises(CommandError, match="newer version of SyteOps"):
            call_command("verify_backup", str(backup))
    monkeypatch.setattr(databases, "applied_migrations", lambda *given: set())
    with pytest.raises(CommandError, match="not one of SyteOps"):
        call_command("restore", str(backup))


@pytest.mark.django_db
def test_where_a_restore_was_killed_at_its_end_is_said_what_to_do(
    backup: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was whole, and another try said only that there must be nothing."""
    from django.core.management import CommandError, call_command

    for is_told, answer in ((False, "into an empty one.$"), (True, "whole: run manage.py setup")):
        news = tmp_path / ("news" if is_told else "none")
        monkeypatch.setattr(site_of_backup, "_NEWS", news)
        if is_told:
            news.touch()
        with pytest.raises(CommandError, match=answer):
            call_command("restore", str(backup))


@pytest.mark.parametrize(
    ("kept", "told"), [(b"2026-12-01T01:08:19+00:00", "2026-12-01T01:08:19+00:00"), (b"\0\xff", "")]
)
@pytest.mark.django_db
def test_a_restore_is_told_though_nobody_knows_any_more_of_which_backup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: bytes, told: str
) -> None:
    """Neither `setup` nor `serve` began any more."""
    news = tmp_path / "restored"
    news.write_bytes(kept)
    monkeypatch.setattr(site_of_backup, "_NEWS", news)
    assert site_of_backup.finish_restoring().startswith("Restored: recorded")
    entry = AuditEntry.objects.get(event="audit.restored")
    assert [one["after"] for one in entry.changes.values()] == [told]
    assert not news.exists()


def test_what_a_killed_backup_leaves_is_taken_away_by_the_next(site: Site, tmp_path: Path) -> None:
    target, script = tmp_path / "site.tar.gz", _BREAK.replace('"restore"', '"backup"')
    broken = script.format(what="os.link", how="os._exit(9)", backup=str(target))
    assert site.run("shell", "-c", broken).returncode == 9
    (left,) = tmp_path.iterdir()
    assert (left.is_dir(), left.stat().st_mode & 0o777) == (True, 0o700)
    secrets = [one.read_bytes().strip() for one in (site.data_dir / "secrets").iterdir()]
    for file in left.iterdir():  # in the archive alone, and nowhere as they are
        assert not [one for one in secrets if one in file.read_bytes()]

    with _workshop(tmp_path) as in_use:
        assert not left.exists()
        site.do("backup", str(target))
        assert in_use.is_dir()

    assert [path.name for path in tmp_path.iterdir()] == [target.name]


@pytest.mark.django_db
def test_to_be_packed_anew_is_no_damage(backup: Path, tmp_path: Path) -> None:
    from django.core.management import call_command

    copy = tmp_path / "copy.tar.gz"
    shutil.copy(backup, copy)
    rewritten(lambda content: None)(copy)
    call_command("verify_backup", str(copy))
