"""The file of a backup: a compressed tar archive that ends with a list of what is in it.

The list comes last, so an archive that was cut off has none. It holds the SHA-256 of every file.
"""

import gzip
import hashlib
import io
import json
import os
import shutil
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast

from syteops.lib.plain_files import opener, read_bytes

_LIST = "backup.json"
_FORMAT = 1
MOST_FILES = 500_000
_MOST_LISTED = 200 * MOST_FILES
"""Bytes of the list, which is read as a whole."""
_AT_ONCE = 1 << 20
_BLOCK = 4096
"""Bytes that even an empty file takes of a disk."""


class Broken(Exception):
    """The archive is not what was written; the message says what is wrong."""


@dataclass
class Contents:
    """What a backup holds: of which site, from when, and the SHA-256 of each file by its name."""

    version: str
    created: str
    database: str
    """`sqlite` or `postgresql`."""
    proof: str
    """What the encryption keys of the backup open, base64."""
    files: dict[str, str] = field(default_factory=dict)
    format: int = _FORMAT


def write_archive(
    target: Path, draft: Path, contents: Contents, files: Iterable[tuple[str, Path | bytes]]
) -> None:
    """Write the archive, for the present user only. `target` appears whole or not at all.

    It is written as `draft`, on the same disk. Raises FileExistsError instead of replacing another
    backup, and OSError.
    """
    with _open_new(draft) as raw:
        with tarfile.open(fileobj=raw, mode="w:gz", compresslevel=6) as archive:
            for name, content in files:
                with _opened(content) as file:
                    if file is not None:
                        contents.files[name] = _add(archive, name, file)
            _add(archive, _LIST, io.BytesIO(json.dumps(asdict(contents), indent=1).encode()))
        raw.flush()
        os.fsync(raw.fileno())
    os.link(draft, target)


@contextmanager
def _opened(content: Path | bytes) -> Iterator[BinaryIO | None]:
    """What is to be read; None for a file that was deleted since it was found, as the site runs."""
    if isinstance(content, bytes):
        yield io.BytesIO(content)
        return
    try:
        file = open(content, "rb", opener=opener)  # noqa: SIM115 - closed below
    except FileNotFoundError:
        if content.is_symlink():  # it leads nowhere: something is missing
            raise
        yield None
        return
    with file:
        yield file


def _add(archive: tarfile.TarFile, name: str, file: BinaryIO) -> str:
    """Add what the file holds now, which may grow meanwhile; the SHA-256 of that."""
    info = tarfile.TarInfo(name)
    info.mode = 0o600
    info.size = file.seek(0, io.SEEK_END)
    file.seek(0)
    read = _Digesting(file)
    archive.addfile(info, cast(Any, read))
    return read.digest.hexdigest()


class _Digesting:
    """A file, with the SHA-256 of what was read of it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self.digest = file, hashlib.sha256()

    def read(self, size: int) -> bytes:
        chunk = self._file.read(size)
        self.digest.update(chunk)
        return chunk


def _digest(path: Path) -> str:
    with open(path, "rb", opener=opener) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class _Bounded(io.RawIOBase):
    """A file of which nobody reads much at once: tarfile would read a header of any length."""

    def __init__(self, file: gzip.GzipFile) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _AT_ONCE:
            raise Broken("The archive has a header that is too long.")
        return self._file.read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()


def unpack(source: Path, into: Path) -> Contents:
    """Unpack the archive into an empty directory and check every file. Raises Broken, OSError."""
    try:
        with (
            open(source, "rb", opener=opener) as packed,
            gzip.open(packed) as plain,
            tarfile.open(fileobj=cast(Any, _Bounded(plain)), mode="r:") as archive,
        ):
            names = list(_unpack_members(archive, into))
    except (tarfile.TarError, EOFError, ValueError, zlib.error) as error:
        raise Broken(f"The archive is cut off or damaged: {error}") from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise Broken(f"The archive is damaged: {error}") from error  # gzip's checksum
    contents = _read_list(into, names)
    for name, digest in contents.files.items():
        if name not in names:
            raise Broken(f"{name} is missing.")
        if _digest(into / name) != digest:
            raise Broken(f"{name} was altered.")
    if surplus := set(names) - set(contents.files) - {_LIST}:
        raise Broken(f"{min(surplus)} does not belong to this backup.")
    return contents


def _unpack_members(archive: tarfile.TarFile, into: Path) -> Iterator[str]:
    """Unpack one after the other, as long as there is room. Raises Broken."""
    # What else is done on that disk needs some of it.
    room = shutil.disk_usage(into).free * 9 // 10
    for count, member in enumerate(archive, start=1):
        path = PurePosixPath(member.name)
        # We write plain files only; a link or a way out of the directory is somebody else's work.
        # Of `uploads//etc/evil`, which lies within, what follows the first slash leads out of it.
        is_ours = path.as_posix() == member.name and not path.is_absolute()
        if member.type != tarfile.REGTYPE or not is_ours or ".." in path.parts:
            raise Broken(f"{member.name} does not belong into a backup.")
        room -= max(member.size, _BLOCK)
        if count > MOST_FILES or (member.name == _LIST and member.size > _MOST_LISTED):
            raise Broken("The archive holds more files than a backup does.")
        if room < 0:
            raise Broken(f"There is not enough room in {into.parent} to unpack what it holds.")
        (into / path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _open_new(into / path) as file, archive.extractfile(member) as data:  # type: ignore[union-attr]
            while chunk := data.read(_AT_ONCE):
                file.write(chunk)
        yield member.name


@contextmanager
def _open_new(path: Path) -> Iterator[BinaryIO]:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        yield file


def put_file(source: Path, target: Path) -> None:
    """Put a copy of the file there for good, for the present user only: whole or not at all.

    Where a link is, it comes to where that leads.
    """
    target = target.resolve()
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.restored")
    with open(source, "rb", opener=opener) as found, open(draft, "wb", opener=opener) as file:
        shutil.copyfileobj(found, file)
        file.flush()
        os.fsync(file.fileno())
    draft.chmod(0o600)
    draft.replace(target)


def _read_list(into: Path, names: list[str]) -> Contents:
    if _LIST not in names:
        raise Broken("The archive is no backup, or it was cut off: its list is missing.")
    try:
        found: dict[str, Any] = json.loads(read_bytes(into / _LIST, _MOST_LISTED))
        contents = Contents(**found)
        # What json made of it may be anything.
        files = {str(name): str(digest) for name, digest in contents.files.items()}
        contents = replace(contents, files=files, proof=str(contents.proof))
        contents.version, contents.created = str(contents.version), str(contents.created)
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise Broken("The list in the archive cannot be read.") from error
    if contents.format != _FORMAT:
        raise Broken(f"This version cannot read backups of format {contents.format}.")
    return contents
