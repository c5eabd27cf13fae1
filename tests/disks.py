"""Small file systems for tests that fill them. Only root can make one."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_TRIES = 50  # to make it as small as what is on it, while others write


class DiskUnavailable(Exception):
    """No file system can be made here; the message says why."""


class Disk:
    """A file system in memory, mounted at `path`."""

    def __init__(self, path: Path, megabytes: int) -> None:
        self.path = path
        self._roomy = f"size={megabytes}m"
        path.mkdir(exist_ok=True)
        self._mount(f"{self._roomy},mode=700")

    def fill(self) -> None:
        """Leave no room on it, now and for what is deleted from now on."""
        for _ in range(_TRIES):
            with suppress(DiskUnavailable):  # more was written since it was measured
                self._shrink()
                return
        self._shrink()

    def _shrink(self) -> None:
        used = os.statvfs(self.path)
        kilobytes = (used.f_blocks - used.f_bfree) * used.f_frsize // 1024
        self._mount(f"remount,size={kilobytes}k")

    def empty(self) -> None:
        """Give it back the room that it had."""
        self._mount(f"remount,{self._roomy}")

    def _mount(self, options: str) -> None:
        command = ["mount", "-t", "tmpfs", "-o", options, "none", str(self.path)]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True)
        except FileNotFoundError:
            raise DiskUnavailable("there is no mount command here") from None
        except subprocess.CalledProcessError as error:
            raise DiskUnavailable(f"no file system can be made here: {error.stderr}") from None


@contextmanager
def small_disk(path: Path, megabytes: int) -> Iterator[Disk]:
    """A disk of that size, for as long as it is needed. Raises DiskUnavailable."""
    disk = Disk(path, megabytes)
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)
