"""Backing up, checking and restoring this site."""

import base64
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.utils import timezone

from syteops import __version__
from syteops.audit.chain import TrailBroken, audit_key
from syteops.audit.heads import forget_head
from syteops.audit.models import AuditEntry
from syteops.audit.services import record_about
from syteops.core.actors import command
from syteops.core.encryption import KeyRing, UnsealError
from syteops.core.errors import Conflict
from syteops.core.events import Noun, Verb
from syteops.core.pending_migrations import why_not_migratable
from syteops.env import DATA_DIR, env, secret_path
from syteops.lib.plain_files import read_bytes, read_text
from syteops.server.backup import databases
from syteops.server.backup.archive import (
    MOST_FILES,
    Broken,
    Contents,
    put_file,
    unpack,
    write_archive,
)
from syteops.server.models import EncryptionProof

_KEYS = "secrets/encryption_keys"
_AUDIT_KEY = "secrets/audit_key"
_SECRET_KEY = "secrets/secret_key"  # noqa: S105 - a name
_WORKSHOP = ".syteops-backup-"
_NOT_EMPTY = "This site's database is not empty: restore into an empty one."
_MAYBE_WHOLE = (
    " If that was done here, and ended before it said so, the site is whole: run manage.py setup, "
    "then manage.py verify_audit."
)
_NEWS = DATA_DIR / "restored"
"""Which backup was restored, until `finish_restoring` has told it."""


@dataclass(frozen=True)
class Checked:
    """A backup that was read from beginning to end."""

    contents: Contents
    directory: Path
    keys: list[str]
    """Its encryption keys, which open what is stored; none in a backup without secrets."""

    @property
    def uploads(self) -> list[str]:
        return [name for name in self.contents.files if name.startswith("uploads/")]


def back_up(target: Path, with_secrets: bool = True) -> Contents:
    """Write a backup of this site to `target`, while it goes on running.

    Raises Conflict when there is nothing to back up, and OSError, ClientFailed, sqlite3.Error.
    """
    with _workshop(target.parent) as workshop:
        # Before and after: a rotation in between drops keys under which the copy still is sealed.
        keys = _encryption_keys()
        copy = workshop / databases.dump_name(connection.vendor)
        databases.dump(copy)
        files: list[tuple[str, Path | bytes]] = [(copy.name, copy)]
        if with_secrets:
            files += _secrets(list(dict.fromkeys([*keys, *_encryption_keys()])))
        files += _upload_files()
        if len(files) >= MOST_FILES:
            raise Conflict(f"There are more than {MOST_FILES:,} uploads: copy them by themselves.")
        contents = Contents(
            version=__version__,
            created=timezone.now().isoformat(timespec="seconds"),
            database=connection.vendor,
            proof=_proof(),
        )
        write_archive(target, workshop / "draft", contents, files)
    return contents


@contextmanager
def _workshop(parent: Path) -> Iterator[Path]:
    """A directory for the present user alone, on the disk where there is to be room.

    Nobody keeps a process from being killed; what that leaves, the next one takes away.
    """
    _remove_leftovers(parent)
    made = tempfile.TemporaryDirectory(prefix=_WORKSHOP, dir=parent)
    with made as directory, _held(Path(directory)):
        yield Path(directory)


def _remove_leftovers(parent: Path) -> None:
    for left in parent.glob(f"{_WORKSHOP}*"):
        with suppress(OSError), _held(left):  # it is in use, or somebody else's
            shutil.rmtree(left)


@contextmanager
def _held(directory: Path) -> Iterator[None]:
    """Hold the directory's lock, which ends with the process. Raises OSError if another does."""
    file = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(file)


def _encryption_keys() -> list[str]:
    file: Path | None = settings.FIELD_ENCRYPTION_KEY_FILE
    if file is None:
        return list(settings.FIELD_ENCRYPTION_KEYS)
    return read_text(file, "ascii").split()


def _secrets(keys: list[str]) -> Iterator[tuple[str, bytes]]:
    for name, text in (
        (_KEYS, "\n".join(keys)),
        (_AUDIT_KEY, audit_key()),
        (_SECRET_KEY, settings.SECRET_KEY),
    ):
        yield name, f"{text}\n".encode()


def _upload_files() -> Iterator[tuple[str, Path]]:
    """Those behind links, too: some keep pictures on another disk.

    Raises OSError for a directory that cannot be read: what is in it would be missing.
    """
    root = Path(settings.MEDIA_ROOT)
    if not os.path.lexists(root):
        return
    for place, _, names in os.walk(root, onerror=_fail, followlinks=True):
        for name in sorted(names):
            path = Path(place, name)
            if path.exists() and not path.is_file():
                continue  # such as a socket
            yield f"uploads/{path.relative_to(root).as_posix()}", path


def _fail(error: OSError) -> None:
    raise error


def _proof() -> str:
    row = EncryptionProof.objects.first()
    if row is None or row.sealed is None:
        raise Conflict("This site is not set up: there is nothing to back up.")
    return base64.b64encode(row.sealed.ciphertext).decode()


@contextmanager
def checked(source: Path, beside: Path) -> Iterator[Checked]:
    """The backup, unpacked in a directory in `beside`, after all of it was checked. Raises Broken.

    Every file has its checksum, the database can be read to its end and is one that this code can
    bring up to date, and the encryption keys open what is stored.
    """
    with _workshop(beside) as directory:
        contents = unpack(source, directory)
        copy = databases.dump_name(contents.database)
        if copy not in contents.files:
            raise Broken("The database is missing.")
        databases.check(directory / copy, contents.database)
        applied = databases.applied_migrations(directory / copy, contents.database)
        if problem := why_not_migratable(applied):
            raise Broken(problem)
        file = directory / _KEYS
        keys = read_bytes(file).decode(errors="replace").split() if file.exists() else []
        if keys and not _opens(keys, contents.proof):
            raise Broken("Its encryption keys do not open what is stored in it.")
        yield Checked(contents, directory, keys)


def _opens(keys: list[str], proof: str) -> bool:
    try:
        KeyRing(keys).open(base64.b64decode(proof))
    except (UnsealError, ValueError):
        return False
    return True


def restore(backup: Checked) -> None:
    """Make this empty site the one of the backup. Raises Conflict, having changed nothing.

    The database comes last: until it is there, whole, the site is empty and can be restored again.
    """
    if connection.vendor != backup.contents.database:
        raise Conflict(
            f"This is a backup of {backup.contents.database}, and this site's database is "
            f"{connection.vendor}: set DATABASE_URL to one of the same kind."
        )
    if connection.introspection.table_names():
        raise Conflict(_NOT_EMPTY + (_MAYBE_WHOLE if _NEWS.exists() else ""))
    _require_secrets(backup)
    with _placed(list(_files(backup)), backup.directory / "former"):
        databases.load(backup.directory / databases.dump_name(connection.vendor))


def _files(backup: Checked) -> Iterator[tuple[Path, Path]]:
    """What is to be where, beside the database."""
    for name in (_KEYS, _AUDIT_KEY, _SECRET_KEY):
        if name in backup.contents.files:
            yield backup.directory / name, secret_path(Path(name).name)
    for name in backup.uploads:
        yield backup.directory / name, Path(settings.MEDIA_ROOT, name.removeprefix("uploads/"))
    news = backup.directory / _NEWS.name
    news.write_text(backup.contents.created, encoding="utf-8")
    yield news, _NEWS


@contextmanager
def _placed(files: list[tuple[Path, Path]], aside: Path) -> Iterator[None]:
    """The files are in their places; if what follows fails, what was there before is again.

    That is kept in `aside`: all pictures of a site are more than fits into memory.
    """
    aside.mkdir()
    former: list[tuple[Path, Path | None]] = []
    try:
        for source, place in files:
            kept = aside / str(len(former)) if place.exists() else None
            if kept:
                put_file(place, kept)
            former.append((place, kept))
            put_file(source, place)
        yield
    except BaseException:
        for place, kept in former:
            if kept:
                put_file(kept, place)
            else:
                place.unlink(missing_ok=True)
        raise


def finish_restoring() -> str:
    """Do what a restored site needs once, after its migrations; what that was, in a line.

    Whoever was signed in when the backup was made is not: the session may have been ended since.
    And the trail tells it, so that tools learn that what they read since then was taken back.
    """
    if not _NEWS.exists():
        return ""
    Session.objects.all().delete()
    forget_head()
    about = (AuditEntry.resource, "", "")
    told = read_bytes(_NEWS).decode(errors="replace")  # a disk may have spoilt it
    made_at = {"backup_made_at": (None, told if told.isprintable() else "")}
    try:
        with transaction.atomic():
            record_about(command("restore"), Noun.AUDIT, Verb.RESTORED, about, made_at)
    except TrailBroken as broken:
        return f"Restored: not recorded yet. {broken.detail}"
    _NEWS.unlink()
    return "Restored: recorded, and everybody is signed out."


def _require_secrets(backup: Checked) -> None:
    """The keys that will be in use open what is restored."""
    file: Path | None = settings.FIELD_ENCRYPTION_KEY_FILE
    present = _encryption_keys() if file is None or file.exists() else []
    in_use = present or backup.keys
    if not in_use or not _opens(in_use, backup.contents.proof):
        where = file or "FIELD_ENCRYPTION_KEYS"
        raise Conflict(
            "The encryption keys of this site do not open what is in the backup. "
            f"Put the keys of the backup into {where}, or take away what is there."
        )
    audit_key = backup.directory / _AUDIT_KEY
    given = env.str("AUDIT_KEY")
    if given and audit_key.exists() and read_bytes(audit_key).strip() != given.encode():
        raise Conflict("AUDIT_KEY is another than that of the backup: set that one, or none.")
