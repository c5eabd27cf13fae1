"""Files that nobody but the user who runs SyteOps may open."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

OTHERS = 0o077
"""The permissions of a file's group and of everybody else."""


def exposed(directory: Path, database: Path | None = None) -> list[Path]:
    """What others may open: of a data directory, of what lies in it, of an SQLite database's files.

    Not of what lies deeper: a closed directory closes all below.
    """
    found = {directory, *directory.iterdir()} if directory.is_dir() else set()
    if database is not None:
        found |= {*database.parent.glob(f"{database.name}*")}
    return sorted(path for path in found if not path.is_symlink() and _mode(path) & OTHERS)


def close(paths: Iterable[Path]) -> list[Path]:
    """Take the permissions of all others away; which that worked for, the others are not ours."""
    closed = []
    for path in paths:
        with suppress(PermissionError):
            path.chmod(_mode(path) & ~OTHERS & 0o7777)
            closed.append(path)
    return closed


def _mode(path: Path) -> int:
    """0 for what is gone meanwhile, such as the log of an SQLite database."""
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return 0
