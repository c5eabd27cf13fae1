"""Whoever has a screen reader, a keyboard or a telephone can do all of it.

Every page of the admin meets WCAG 2.2 AA as far as axe-core can tell, and needs no scrolling to the
side; those that matter most in light and dark, wide and narrow, the others in one of these in turn.
"""

import re
from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import TALL, WIDTHS, NewSite, Site, sticks_out, widths

LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
LOOKS = [("light", 1440), ("dark", 390), ("dark", 1440), ("light", 390)]
KEYS = "/admin/keys/managekey/"
IN_EVERY_LOOK = (
    "/admin/",
    KEYS,
    f"{KEYS}create/",
    "/admin/crm/crmsystem/",
    "/admin/notes/note/add/",
)
LEFT_OUT = re.compile(r"/logout/|/jsi18n/|/export-|/pdf/")
ONE_OF_MANY = re.compile(r"/([0-9]+|[0-9A-Za-z]{12}|[a-z_]+(?=/(change|history|switch)/))/")
MANY_CHANGES = """
from syteops.audit.services import record
from syteops.crm.models import CrmSystem
from syteops.core.actors import SYSTEM
for number in range(120):
    record(SYSTEM, CrmSystem.objects.get(pk=1), "updated", {"name": (number, number + 1)})
"""


OUT_OF_REACH = r"""() => {
    const stops = "a[href], button, input, select, textarea, label, summary, [tabindex]";
    const isFor = (one) => one.checkVisibility() && !one.closest(stops)
        && !one.querySelector(stops);
    return [...document.querySelectorAll("[x-on\\:click]")].filter(isFor)
        .map((one) => one.outerHTML.slice(0, 200));
}"""


def out_of_reach(page: Page) -> list[str]:
    """What takes a click and no key, of which axe does not know."""
    where = urlsplit(page.url).path
    return [f"{where} is for a mouse: {one}" for one in page.evaluate(OUT_OF_REACH)]


# Colours that are still fading in are neither the old nor the new ones. What was just opened begins
# to do so with the next frame.
AT_REST = """async () => {
    const frame = () => new Promise(requestAnimationFrame);
    const moving = () => document.getAnimations().filter((one) => one.playState === "running");
    do {
        await frame();
        await frame();
        await Promise.allSettled(moving().map((one) => one.finished));
    } while (moving().length);
}"""


def violations(page: Page) -> list[str]:
    """What a person with a disability would stumble over on the page as it is now."""
    page.evaluate(AT_REST)
    # Of what passes one node is enough: with all of them the answer has megabytes. Loaded once more
    # beforehand, styles would serve no rule of these.
    options = {
        "runOnly": {"type": "tag", "values": LEVELS},
        "resultTypes": ["violations"],
        "preload": False,
    }
    found = Axe().run(page, options=options).response
    assert len(found["passes"]) > 5, "axe has not looked"
    where = urlsplit(page.url).path
    return [
        f"{where} {one['id']}: {node['html'][:200]} {node['failureSummary']}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


@pytest.fixture(scope="module")
def running_site(new_site: NewSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Of its own: with demo content, of which nobody has taken anything away."""
    with new_site.served(tmp_path_factory.mktemp("demo") / "site") as site:
        yield site


@pytest.fixture(scope="module")
def furnished(running_site: Site) -> Site:
    """The site with something of everything, and keys to look at in every state."""
    running_site.manage("seed_demo")
    running_site.command("revoke")
    running_site.command("generate")
    running_site.command("rotate", "--overlap", "1d")
    running_site.command("create", "--name", "Risky", "--preset", "automation", "--never-expires")
    running_site.command("create", "--name", "Soon", "--preset", "read_only", "--days", "5")
    ended = running_site.command("create", "--name", "Ended", "--preset", "monitoring")
    running_site.command("revoke", ended["id"])
    running_site.call(ended["key"])
    return running_site


def addresses(page: Page) -> Iterator[str]:
    """Every page that can be reached from the start page; of many alike, one."""
    waiting, seen = ["/admin/"], set()
    while waiting:
        path = waiting.pop(0)
        kind = ONE_OF_MANY.sub("/…/", path)
        if kind in seen or LEFT_OUT.search(path):
            continue
        seen.add(kind)
        yield path
        links = page.eval_on_selector_all("a[href]", "links => links.map((one) => one.href)")
        found = (urlsplit(one) for one in links if one.startswith(page.url[:20]))
        waiting += [one.path for one in found if one.path.startswith("/admin/")]


@pytest.mark.parametrize("scheme", WIDTHS)
def test_the_main_pages_in_every_look(
    furnished: Site, open_page: Callable[..., Page], session: Any, scheme: str
) -> None:
    page = open_page(color_scheme=scheme)
    page.goto("/admin/login/")
    found = [one for _ in widths(page, scheme) for one in violations(page)]
    page.context.add_cookies(session)
    for path in IN_EVERY_LOOK:
        page.goto(path)
        found += [one for _ in widths(page, scheme) for one in violations(page)]
    assert found == []


def test_every_other_page_in_one_look(
    furnished: Site, open_page: Callable[..., Page], session: Any
) -> None:
    page = open_page()
    page.context.add_cookies(session)
    found, count = [], 0
    looks = cycle(LOOKS)
    for path in addresses(page):
        scheme, width = next(looks)
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # a literal
        page.set_viewport_size({"width": width, "height": TALL})
        answer = page.goto(path)
        assert answer is not None
        assert answer.ok, f"{path} leads nowhere"
        found += out_of_reach(page)
        if path not in IN_EVERY_LOOK:
            found += violations(page)
        if page.locator("main").count() != 1 or not page.locator(".so-skip").count():
            found.append(f"{path} has no main part to go to")
        if sticks_out(page):
            found.append(f"{path} sticks out at {width} px")
        count += 1
    assert found == []
    assert count > 80


def test_a_long_address_is_broken_on_a_telephone(
    furnished: Site, open_page: Callable[..., Page], session: Any
) -> None:
    page = open_page(viewport={"width": 390, "height": 900})
    page.context.add_cookies(session)
    page.goto("/admin/estimates/estimate/1/change/")
    expect(page.get_by_role("link", name="/e/")).to_be_visible()
    assert not sticks_out(page)


@pytest.mark.parametrize(("scheme", "width"), LOOKS[:2])
def test_a_history_of_many_pages_and_the_filters_of_the_trail(
    furnished: Site, open_page: Callable[..., Page], session: Any, scheme: str, width: int
) -> None:
    furnished.manage("shell", "-c", MANY_CHANGES)
    page = open_page(color_scheme=scheme, viewport={"width": width, "height": 900})
    page.context.add_cookies(session)
    page.goto("/admin/crm/crmsystem/1/history/")
    found = violations(page)

    page.get_by_role("link", name="Older").click()
    expect(page.get_by_role("link", name="Newer")).to_be_visible()
    assert not sticks_out(page)
    found += violations(page)

    page.get_by_role("link", name="Search the trail").click()
    page.locator("[x-on\\:click='filterOpen = true']").click()
    expect(page.get_by_role("textbox", name="object's number")).to_have_value("001")
    found += violations(page)
    assert found == []


def test_every_dialog_of_the_keys_and_the_page_that_shows_one(site: Site, page: Page) -> None:
    site.command("generate")
    restricted = site.command("create", "--name", "Tool", "--preset", "read_only")["id"]
    found = _in_dialogs(page, KEYS, ("Rotate key", "Revoke key", "Disable API"))
    site.command("disable")
    found += _in_dialogs(page, KEYS, ("Enable API",))
    found += _in_dialogs(page, f"{KEYS}{restricted}/", ("Rotate key", "Pause", "Revoke key"))
    site.command("pause", restricted)
    found += _in_dialogs(page, f"{KEYS}{restricted}/", ("Resume",))
    site.command("revoke")
    found += _in_dialogs(page, KEYS, ("Generate key",))
    page.get_by_role("dialog").get_by_role("button", name="Generate key").click()
    expect(page.get_by_label("The key")).to_be_visible()
    found += violations(page)
    assert found == []


def _in_dialogs(page: Page, path: str, labels: tuple[str, ...]) -> list[str]:
    """The last one stays open."""
    page.goto(path)
    found = []
    for label in labels:
        page.keyboard.press("Escape")
        page.get_by_role("link", name=label).click()
        expect(page.get_by_role("dialog")).to_be_visible()
        found += violations(page)
    return found


def test_axe_would_have_found_something(page: Page) -> None:
    page.goto(KEYS)
    page.evaluate("document.querySelector('#main').insertAdjacentHTML('beforeend', '<input>')")
    assert any("label" in one for one in violations(page))
