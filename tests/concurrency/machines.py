"""Several machines that serve one site: each has its own data directory, servers and processes.

They share what docs/scaling.md says that machines share: the database, Redis and the secrets.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.concurrency.live import LiveSite, Server
from tests.processes import finish, start
from tests.sites import set_up_with_key


@dataclass
class Machine:
    """One of them, with its web server and the worker of background tasks that this brings."""

    site: LiveSite

    @property
    def server(self) -> Server:
        return self.site.servers[0]

    def manage(self, *arguments: str) -> str:
        """What a command printed that was run on this machine."""
        return self.site.manage(*arguments)


@contextmanager
def machines(
    home: Path, database: dict[str, str], settings: dict[str, str], ways: list[str]
) -> Iterator[list[Machine]]:
    """Two machines that serve one site, each with its own of the two `ways` to the database.

    `database` leads to PostgreSQL itself, `settings` have what both machines are told.
    """
    key = set_up_with_key(home / "machine-1", database)
    shared = {**settings, **_secrets(home / "machine-1" / "secrets")}
    shutil.rmtree(home / "machine-1" / "secrets")
    # The same files as on the first: to collect them takes as long as everything else here.
    shutil.copytree(home / "machine-1/static", home / "machine-2/static", copy_function=os.link)
    found = [
        Machine(LiveSite(home / f"machine-{n}", {**shared, "DATABASE_URL": way}, key))
        for n, way in enumerate(ways, 1)
    ]
    _set_up(found)
    try:
        for one in found:
            one.site.servers = [Server(one.site, workers=1)]
            one.server.start()
        yield found
    finally:
        for one in found:
            one.site.close()


def _secrets(directory: Path) -> dict[str, str]:
    files = {
        "SECRET_KEY": "secret_key",
        "FIELD_ENCRYPTION_KEYS": "encryption_keys",
        "AUDIT_KEY": "audit_key",
    }
    return {name: (directory / file).read_text().strip() for name, file in files.items()}


def _set_up(found: list[Machine]) -> None:
    """Each by itself, as before a start, and all at once."""
    running = [start("setup", data_dir=m.site.data_dir, **m.site.settings) for m in found]
    for done in map(finish, running):
        assert done.returncode == 0, done.stdout + done.stderr
