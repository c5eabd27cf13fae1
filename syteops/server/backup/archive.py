"""The file of a backup: a compressed tar archive that ends with a list of what is in it.

The list comes last, so an archive that was cut off has none. It holds the SHA-256 of every file.
"""

import hashlib
import io
import json
import os
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

_LIST = "backup.json"
_FORMAT = 1


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


def write_archive(target: Path, contents: Contents, files: Iterable[tuple[str, Path]]) -> None:
    """Write the archive, for the present user only. `target` appears whole or not at all.

    Raises FileExistsError instead of replacing another backup, and OSError.
    """
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as raw:
            with tarfile.open(fileobj=raw, mode="w:gz", compresslevel=6) as archive:
                for name, path in files:
                    contents.files[name] = _digest(path)
                    archive.add(path, name, recursive=False, filter=_anonymous)
                _add_list(archive, contents)
            raw.flush()
            os.fsync(raw.fileno())
        os.link(draft, target)
    finally:
        draft.unlink(missing_ok=True)


def _anonymous(info: tarfile.TarInfo) -> tarfile.TarInfo:
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    info.mode = 0o600
    return info


def _add_list(archive: tarfile.TarFile, contents: Contents) -> None:
    text = json.dumps(asdict(contents), indent=1).encode()
    info = _anonymous(tarfile.TarInfo(_LIST))
    info.size = len(text)
    archive.addfile(info, io.BytesIO(text))


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def unpack(source: Path, into: Path) -> Contents:
    """Unpack the archive into an empty directory and check every file. Raises Broken, OSError."""
    try:
        with tarfile.open(source, "r:gz") as archive:
            names = [_unpack_member(archive, member, into) for member in archive]
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


def _unpack_member(archive: tarfile.TarFile, member: tarfile.TarInfo, into: Path) -> str:
    path = PurePosixPath(member.name)
    # We write plain files only; a link or a way out of the directory is somebody else's work.
    if not member.isreg() or path.is_absolute() or ".." in path.parts:
        raise Broken(f"{member.name} does not belong into a backup.")
    (into / path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _open_new(into / path) as file, archive.extractfile(member) as data:  # type: ignore[union-attr]
        while chunk := data.read(1 << 20):
            file.write(chunk)
    return member.name


@contextmanager
def _open_new(path: Path) -> Iterator[BinaryIO]:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        yield file


def _read_list(into: Path, names: list[str]) -> Contents:
    if _LIST not in names:
        raise Broken("The archive is no backup, or it was cut off: its list is missing.")
    try:
        found: dict[str, Any] = json.loads((into / _LIST).read_bytes())
        contents = Contents(**found)
        # What json made of it may be anything.
        files = {str(name): str(digest) for name, digest in contents.files.items()}
        contents = replace(contents, files=files, proof=str(contents.proof))
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise Broken("The list in the archive cannot be read.") from error
    if contents.format != _FORMAT:
        raise Broken(f"This version cannot read backups of format {contents.format}.")
    return contents
