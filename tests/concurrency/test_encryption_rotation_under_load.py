"""The encryption keys are replaced while four processes open and seal secrets all the time.

Every call with a key opens a sealed verifier, so a process that lost track of the key file, or a
value that no key opens any more, would show at once as a 401.
"""

import os
import signal
import threading
import time

import httpx
import pytest

from tests import web
from tests.concurrency.live import LiveSite
from tests.processes import finish, start
from tests.waiting import PATIENCE

pytestmark = pytest.mark.slow

COMMAND = "rotate_encryption_keys"


class Load:
    """A client of each server that stores a secret, reads with its key, and stores the next."""

    def __init__(self, site: LiveSite) -> None:
        self.statuses: list[int] = []
        self._answered = threading.Condition()
        self._over = threading.Event()
        self._clients = [server.client() for server in site.servers]
        self._threads = [threading.Thread(target=self._run, args=(c,)) for c in self._clients]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._over.set()
        for thread, client in zip(self._threads, self._clients, strict=True):
            thread.join()
            client.close()

    def go_on(self, count: int) -> None:
        """Returns when so many more requests have been answered."""
        wanted = len(self.statuses) + count
        with self._answered:
            assert self._answered.wait_for(lambda: len(self.statuses) >= wanted, timeout=PATIENCE)

    def _run(self, client: httpx.Client) -> None:
        made = client.post("/crm-systems", json={"name": "Under load"})
        path, count = f"/crm-systems/{made.json()['crm_num']}/secret", 0
        while not self._over.wait(0.02):
            count += 1
            stored = client.put(path, json={"api_key": f"secret-{count}"})
            read = client.get("/whoami")
            with self._answered:
                self.statuses += [stored.status_code, read.status_code]
                self._answered.notify_all()


def keys_of(site: LiveSite) -> list[str]:
    return (site.data_dir / "secrets" / "encryption_keys").read_text(encoding="ascii").split()


def test_nobody_notices_not_even_when_the_command_is_killed_and_repeated(site: LiveSite) -> None:
    (old,) = keys_of(site)

    with Load(site) as load:
        for seconds in (0.4, 0.8, 1.2):
            killed = start(COMMAND, data_dir=site.data_dir, **site.settings)
            time.sleep(seconds)
            os.kill(killed.pid, signal.SIGKILL)
            finish(killed)
            load.go_on(20)
        site.manage(COMMAND)
        load.go_on(40)

    assert set(load.statuses) == {200}
    (new,) = keys_of(site)
    assert new != old
    ready = web.get(f"http://127.0.0.1:{site.servers[0].port}/readyz")
    assert ready.status_code == 200, ready.text
