"""A real browser (Chromium) against the real server (granian, two processes, SQLite)."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests import web
from tests.console import console
from tests.processes import killed_afterwards, manage, start
from tests.servers import free_port
from tests.sites import set_up
from tests.waiting import PATIENCE

# The shell has no windows to draw around its pages: it takes a quarter less of a processor.
_CHROMIUMS = ("chromium-headless-shell", "chromium", "chromium-browser")
CHROMIUM = next(filter(None, map(shutil.which, _CHROMIUMS)), None)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
USER, PASSWORD = "alice", "correct horse battery"
_MILLISECONDS = 120_000
_REST = 10_000
expect.set_options(timeout=_MILLISECONDS)  # as for what pages are asked to do
NO_KEYS = """
from manage_api.keys.models import ManageKey
from manage_api.keys.services import revoke_key, set_api_enabled
from syteops.core.actors import SYSTEM
set_api_enabled(SYSTEM, True)
for key in ManageKey.objects.all():
    revoke_key(SYSTEM, key)
"""


@pytest.hookimpl(tryfirst=True)  # before the hook of all tests, which goes by these marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs the browser."""
    here = f"{Path(__file__).parent}/"
    for item in items:
        if str(item.path).startswith(here):
            item.add_marker("browser")
            item.add_marker("slow")
            item.add_marker("sqlite_only")  # the sites here have a SQLite database in either run
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="Chromium is not installed."))


SIGN_IN = f"""
from django.contrib.auth.models import User
from django.test import Client
client = Client()
client.force_login(User.objects.get(username="{USER}"))
print(client.session.session_key)
"""

TALL = 1600
"""Pixels: a window in which the bar at the bottom of a form covers no part of it."""


@dataclass(frozen=True)
class Site:
    """A running site of its own."""

    url: str
    data_dir: Path
    one_time_password: str
    manage: Callable[..., str]

    def call(self, key: str, path: str = "/whoami") -> httpx.Response:
        """A request to the API, from outside the browser."""
        address = f"{self.url}/api/manage/v1{path}"
        return web.get(address, headers={"X-API-Key": key})

    def command(self, *arguments: str) -> Any:
        """What `manage.py manage_key … --json` prints beside the running server."""
        return json.loads(self.manage("manage_key", *arguments, "--json", may_refuse=True))


@dataclass(frozen=True)
class NewSite:
    """What an operator has who set a site up: nobody has served it yet."""

    data_dir: Path
    one_time_password: str

    @contextmanager
    def served(self, data_dir: Path, **settings: str) -> Iterator[Site]:
        """A copy of it, served; the settings can have its address as "{url}"."""
        shutil.copytree(self.data_dir, data_dir)
        with _served(data_dir, **settings) as url:
            settings = {name: text.replace("{url}", url) for name, text in settings.items()}
            with console(data_dir, **settings) as run:
                yield Site(url, data_dir, self.one_time_password, run)


@pytest.fixture(scope="package")
def new_site(tmp_path_factory: pytest.TempPathFactory) -> NewSite:
    """Set up as an operator does it, with Alice beside its first admin."""
    data_dir = tmp_path_factory.mktemp("site")
    printed = next(line for line in set_up(data_dir, {}).splitlines() if "Password:" in line)
    named = ("--noinput", "--username", USER, "--email", "alice@example.com")
    made = manage("createsuperuser", *named, data_dir=data_dir, DJANGO_SUPERUSER_PASSWORD=PASSWORD)
    assert made.returncode == 0, made.stderr
    return NewSite(data_dir, printed.split()[2])


@pytest.fixture(scope="package")
def shared_site(new_site: NewSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One for all modules: to serve one takes five seconds of a processor."""
    with new_site.served(tmp_path_factory.mktemp("sites") / "site") as site:
        yield site


@pytest.fixture(scope="module")
def running_site(shared_site: Site) -> Site:
    """Where a test finds, or clears, all that it needs: other modules leave theirs there.

    A module that counts on what others would change overrides it with a site of its own.
    """
    return shared_site


@pytest.fixture
def strict_site(running_site: Site) -> Iterator[Site]:
    """The same site by another server, to which every sign-in is old: it asks for the password."""
    settings = {"CONFIRM_PASSWORD_MINUTES": "0", "WORKERS": "1", "TASK_WORKER": "false"}
    with _served(running_site.data_dir, **settings) as url:
        yield replace(running_site, url=url)


@contextmanager
def _served(data_dir: Path, **settings: str) -> Iterator[str]:
    """Serves the site, whose address the settings can have as "{url}"."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    settings = {name: text.replace("{url}", url) for name, text in settings.items()}
    always = {"WORKERS": "2", "PORT": str(port), "ADMIN_SECONDS_PER_MINUTE": "0"}
    settings = {**always, **settings}
    process = start("serve", data_dir=data_dir, **settings)
    with killed_afterwards(process):
        web.wait_until_ready(url)
        yield url
        process.terminate()
        process.communicate(timeout=PATIENCE)


@pytest.fixture
def site(running_site: Site) -> Site:
    """The running site, with the API open and no key that works."""
    running_site.manage("shell", "-c", NO_KEYS)
    return running_site


# Closed after the last test here: while it runs, Django takes this thread for asynchronous and
# refuses to ask the database in it.
@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@contextmanager
def browsing(chromium: Browser, running_site: Site) -> Iterator[Callable[..., Page]]:
    """Opens a page of a fresh browser profile. In the end, whatever its console complained of, or
    any request to another machine, fails the test."""
    complaints: list[str] = []
    contexts: list[BrowserContext] = []

    def make(site: Site = running_site, **options: Any) -> Page:
        context = chromium.new_context(base_url=site.url, **options)
        context.set_default_timeout(_MILLISECONDS)
        contexts.append(context)
        page = context.new_page()
        _watch(page, site.url, complaints)
        return page

    yield make
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def open_page(chromium: Browser, running_site: Site) -> Iterator[Callable[..., Page]]:
    """Opens a page of a fresh browser profile, of which nothing is to complain."""
    with browsing(chromium, running_site) as make:
        yield make


WIDTHS = {"light": (390, 1440), "dark": (1440, 390)}
"""By colour scheme: a page is loaded in the width that the one before had last."""


def widths(page: Page, scheme: str) -> Iterator[int]:
    """Gives the loaded page each width in turn: to load it takes longer than to look at it."""
    for width in WIDTHS[scheme]:
        page.set_viewport_size({"width": width, "height": 900})
        yield width


def sticks_out(page: Page) -> bool:
    """Whether one must scroll to the side, also once the page has come to rest."""
    root = "document.documentElement"
    try:
        page.wait_for_function(f"() => {root}.scrollWidth <= {root}.clientWidth", timeout=_REST)
    except PlaywrightTimeout:
        return True
    return False


def _watch(page: Page, url: str, complaints: list[str]) -> None:
    def heard(message: Any) -> None:
        if message.type in ("error", "warning"):
            complaints.append(f"console: {message.text}")

    def asked(request: Any) -> None:
        if not request.url.startswith((url, "data:", "blob:")):
            complaints.append(f"request to {request.url}")

    def answered(response: Any) -> None:
        if response.status >= 400:
            complaints.append(f"{response.status} for {response.url}")

    page.on("console", heard)
    page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
    page.on("request", asked)
    page.on("response", answered)


# Not through the form, which takes three seconds of a processor: tests of its own walk that.
@pytest.fixture(scope="module")
def session(running_site: Site) -> Any:
    """The cookies of Alice's browser after she has signed in."""
    key = running_site.manage("shell", "-c", SIGN_IN).splitlines()[-1]
    return [{"name": "sessionid", "value": key, "url": running_site.url}]


@pytest.fixture
def page(open_page: Callable[..., Page], session: Any) -> Page:
    """Alice's browser, signed in, on no page yet."""
    made = open_page(
        viewport={"width": 1440, "height": 900},
        permissions=["clipboard-read", "clipboard-write"],
    )
    made.context.add_cookies(session)
    return made


def sign_in(page: Page, username: str = USER, password: str = PASSWORD) -> None:
    """Through the form, to wherever it leads."""
    page.goto("/admin/")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/admin/**")
    page.wait_for_function("() => !location.pathname.includes('/login/')")
