"""A site, and everything that it stands on, to be maltreated."""

import random
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests import web
from tests.concurrency.live import LiveSite, Server, live_site
from tests.disks import Disk, DiskUnavailable, small_disk
from tests.servers import RealServer

_SETTINGS = {
    "DATABASE_TIMEOUT": "1",  # seconds
    "WORKER_TIMEOUT": "20",  # seconds
    "ALLOW_PRIVATE_URLS": "true",
}
_ROOM = 1024  # megabytes, of which only what is used takes memory
_WORKERS = 2


@dataclass
class Stage:
    """What is there of it: a site on SQLite has no database server, and only root has a disk."""

    site: LiveSite
    database: RealServer | None = None
    redis: RealServer | None = None
    disk: Disk | None = None
    chance: random.Random = field(default_factory=random.Random)

    @property
    def server(self) -> Server:
        """The one that serves the site."""
        return self.site.servers[0]

    @property
    def parts(self) -> set[str]:
        """The names of what is there."""
        named = {"database": self.database, "redis": self.redis, "disk": self.disk}
        there = {name for name, part in named.items() if part is not None}
        return there | ({"server"} if self.database else {"server", "file"})

    def is_ready(self) -> bool:
        """Whether the site says so."""
        return web.answers(f"http://127.0.0.1:{self.server.port}/readyz")


@contextmanager
def stage(
    directory: Path,
    database: RealServer | None = None,
    redis: RealServer | None = None,
    *,
    on_disk: bool = False,
) -> Iterator[Stage]:
    """A site on SQLite, or on the servers given, and with `on_disk` on a disk of its own."""
    settings = dict(_SETTINGS)
    if database:
        settings["DATABASE_URL"] = database.address
    if redis:
        settings["CACHE_URL"] = f"{redis.address}/0"
    with ExitStack() as stack:
        disk = _disk(stack, directory) if on_disk else None
        place = disk.path if disk else directory
        site = stack.enter_context(live_site(place / "data", settings, workers=_WORKERS))
        yield Stage(site, database, redis, disk)


def _disk(stack: ExitStack, directory: Path) -> Disk | None:
    try:
        return stack.enter_context(small_disk(directory / "disk", _ROOM))
    except DiskUnavailable as reason:
        print(f"*** NO DISK IS FILLED: {reason}", file=sys.stderr)
        return None
