"""Our files are opened here, and only if they are plain files: nobody waits for another kind.

A named pipe keeps whoever opens it waiting until somebody writes, and a device has no end, or does
something when it is opened. `tests/lib/test_plain_files.py` sees that all go this way.
"""

import errno
import os
import stat
from pathlib import Path

MOST = 1 << 24
"""Bytes of a file that is read as a whole, unless its reader says another number."""

_KINDS = {
    stat.S_IFDIR: "is a directory",
    stat.S_IFIFO: "is a named pipe",
    stat.S_IFSOCK: "is a socket",
    stat.S_IFCHR: "is a device",
    stat.S_IFBLK: "is a device",
}


class NoPlainFile(OSError):
    """Something else has the name of a file; `str` says what, and where."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(errno.EINVAL, problem, path)

    def __str__(self) -> str:
        return f"{self.filename} {self.strerror}: a plain file belongs there."


def problem_of(path: str | Path, wanted: int = stat.S_IFREG) -> str:
    """What is there in the place of a file, such as "is a named pipe"; "" for one, or nothing.

    Links are followed. `wanted` is the kind that belongs there.
    """
    try:
        found = stat.S_IFMT(os.stat(path).st_mode)
    except OSError as error:
        return "is a link that leads in a circle" if error.errno == errno.ELOOP else ""
    return "" if found == wanted else _KINDS.get(found, "is a plain file")


def opener(path: str | Path, flags: int) -> int:
    """As `os.open`, for `open(…, opener=…)` too; what is made is for the present user only.

    Raises NoPlainFile at once, where something else has the name.
    """
    if problem := problem_of(path):
        raise NoPlainFile(str(path), problem)
    # It may be another one by now.
    file = os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC, 0o600)
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise NoPlainFile(str(path), "was replaced")
        os.set_blocking(file, True)
    except BaseException:
        os.close(file)
        raise
    return file


def read_bytes(path: str | Path, most: int = MOST) -> bytes:
    """What the file holds. Raises NoPlainFile, also for more than `most` bytes, and OSError."""
    with open(path, "rb", opener=opener) as file:
        found = file.read(most + 1)
    if len(found) > most:
        raise NoPlainFile(str(path), f"holds more than {most:,} bytes")
    return found


def read_text(path: str | Path, encoding: str = "utf-8", most: int = MOST) -> str:
    """The same, as text with plain line ends. Raises UnicodeDecodeError, too."""
    text = read_bytes(path, most).decode(encoding)
    return text.replace("\r\n", "\n").replace("\r", "\n")
