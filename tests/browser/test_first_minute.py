"""The first minute, and the palette: by mouse, by the keyboard alone, and on a telephone."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Site, sign_in, sticks_out
from tests.browser.test_accessibility import violations

NEWCOMER, CHOSEN = "admin", "a password of my own choice"
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1440, "height": 900}
NEW_ONE_TIME_PASSWORD = """
from django.contrib.auth.models import User
from syteops.people.passwords import require_change
newcomer = User.objects.get(username="admin")
newcomer.set_password("{password}")
newcomer.save()
require_change(newcomer)
"""
PALETTE = "#search-input-command"
RESULTS = "#command-results-list"


@pytest.fixture
def one_time_password(running_site: Site) -> str:
    """Of the first admin, as set-up printed it; made anew, since each of these tests uses it up."""
    password = running_site.one_time_password
    running_site.manage("shell", "-c", NEW_ONE_TIME_PASSWORD.format(password=password))
    return password


@pytest.fixture(scope="module")
def furnished(running_site: Site) -> None:
    running_site.manage("seed_demo")


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def tab_to(page: Page, which: str) -> None:
    """By the Tab key alone, to the element of which that JavaScript is true."""
    for _ in range(100):
        if page.evaluate(f"document.activeElement.{which}"):
            return
        press(page, "Tab")
    raise AssertionError(which)


def opened(page: Page) -> None:
    """The page, once the theme's scripts have run: before that it takes no keys."""
    page.wait_for_function("window.Alpine && !document.documentElement.hasAttribute('x-cloak')")


# --- The first minute ----------------------------------------------------------------------


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_first_sign_in_ends_on_the_start_page(
    open_page: Callable[..., Page], one_time_password: str, size: Any
) -> None:
    page = open_page(viewport=size)
    sign_in(page, NEWCOMER, one_time_password)
    expect(page.get_by_text("One thing first: choose a password of your own.")).to_be_visible()
    assert violations(page) == []
    page.get_by_label("One-time password").fill(one_time_password)
    for name in ("new_password1", "new_password2"):
        page.locator(f"[name={name}]").fill(CHOSEN)
    page.get_by_role("button", name="Change password").click()

    page.wait_for_url("**/admin/")
    first_steps = page.get_by_role("region", name="First steps")
    expect(first_steps).to_be_visible()
    first_steps.get_by_role("link", name="Connect a tool").click()
    expect(page.get_by_role("heading", name="Integrations")).to_be_visible()
    assert not sticks_out(page)


def test_the_first_minute_takes_no_mouse(
    open_page: Callable[..., Page], one_time_password: str
) -> None:
    page = open_page(viewport=DESK)
    page.goto("/admin/")
    opened(page)
    page.get_by_label("Username").focus()
    page.keyboard.type(NEWCOMER)
    press(page, "Tab")
    page.keyboard.type(one_time_password)
    press(page, "Enter")
    expect(page.get_by_text("One thing first")).to_be_visible(timeout=20_000)
    opened(page)
    for name, text in (
        ("old_password", one_time_password), ("new_password1", CHOSEN), ("new_password2", CHOSEN),
    ):  # fmt: skip
        tab_to(page, f"name === '{name}'")
        page.keyboard.type(text)
    press(page, "Enter")

    page.wait_for_url("**/admin/")
    opened(page)
    tab_to(page, "textContent.trim() === 'Connect a tool'")
    press(page, "Enter")
    page.wait_for_url("**/integrations/**")


# --- The palette ---------------------------------------------------------------------------


@pytest.mark.usefixtures("furnished")
@pytest.mark.parametrize("key", ["/", "Control+k"])
@pytest.mark.parametrize("path", ["/admin/", "/admin/team/teammember/"])
def test_the_palette_takes_no_mouse(page: Page, key: str, path: str) -> None:
    """Somebody is found and changed, without leaving the keyboard."""
    page.goto(path)
    opened(page)
    press(page, key)
    expect(page.locator(PALETTE)).to_be_focused()
    page.keyboard.type("ÁDA")
    press(page, "Enter")  # at once: what is typed last counts, once it is answered
    page.wait_for_url("**/team/teammember/*/change/")
    expect(page.get_by_label("First name")).to_have_value("Ada")


@pytest.mark.usefixtures("furnished")
def test_the_arrows_choose_and_escape_leads_back(page: Page) -> None:
    page.goto("/admin/")
    link = page.get_by_role("link", name="The whole trail")
    link.focus()
    opened(page)
    press(page, "/")
    expect(page.locator(PALETTE)).to_be_focused()
    page.keyboard.type("variables")
    expect(page.locator(f"{RESULTS} li").nth(1)).to_be_visible()
    assert violations(page) == []
    press(page, "ArrowDown", "ArrowDown")
    second = page.locator(f"{RESULTS} li").nth(1)
    expect(second).to_have_class("group active")
    press(page, "Escape")
    expect(page.locator(PALETTE)).to_be_hidden()
    expect(link).to_be_focused()

    press(page, "Control+k")
    expect(page.locator(PALETTE)).to_be_focused()
    page.keyboard.type("variables")
    expect(second).to_be_visible()
    address = second.get_by_role("link").get_attribute("href")
    press(page, "Tab", "Tab", "Enter")
    page.wait_for_url(f"**{address}")


@pytest.mark.usefixtures("furnished")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_palette_on_a_telephone(
    open_page: Callable[..., Page], session: Any, scheme: str
) -> None:
    page = open_page(viewport=PHONE, color_scheme=scheme, has_touch=True)
    page.context.add_cookies(session)
    page.goto("/admin/")
    opened(page)
    page.get_by_role("button", name="Search").first.tap()
    page.locator(PALETTE).press_sequentially("new restricted")
    found = page.locator(RESULTS).get_by_role("link", name="New restricted key")
    expect(found).to_be_visible()
    assert violations(page) == []
    assert not sticks_out(page)
    found.tap()
    page.wait_for_url("**/managekey/create/")


def test_what_is_typed_in_a_field_opens_no_palette(page: Page) -> None:
    page.goto("/admin/crm/crmsystem/add/")
    opened(page)
    name = page.get_by_label("Name")
    name.press_sequentially("A/B")
    expect(name).to_have_value("A/B")
    expect(page.locator(PALETTE)).to_be_hidden()
