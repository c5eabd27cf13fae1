"""A site with demo content, served as an operator does it, and somebody signed in who sees all."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.docs.live import served
from tests.processes import manage

SIGN_IN = "sessionid"
"""The cookie of whoever is signed in."""
_SIGN_IN = """
from django.contrib.auth.models import User
from django.test import Client
browser = Client()
browser.force_login(User.objects.create_superuser("alice"))
print(browser.cookies["sessionid"].value)
"""


@dataclass(frozen=True)
class DemoSite:
    """Where it is, and the value of the cookie."""

    url: str
    session: str


@contextmanager
def demo_site(directory: Path) -> Iterator[DemoSite]:
    """Served until the end of the block."""
    with served(directory / "site", ADMIN_SECONDS_PER_MINUTE="0") as site:
        _run(site.data_dir, "seed_demo")
        session = _run(site.data_dir, "shell", "-v", "0", "-c", _SIGN_IN).strip()
        yield DemoSite(site.url, session)


def _run(data_dir: Path, *arguments: str) -> str:
    done = manage(*arguments, data_dir=data_dir)
    assert done.returncode == 0, done.stderr
    return str(done.stdout)
