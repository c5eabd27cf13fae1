"""The palette, worked by the keyboard alone."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Site, sign_in
from tests.browser.test_accessibility import violations

PALETTE = "#search-input-command"
RESULTS = "#command-results-list"


A_MEMBER = """
from syteops.core.actors import SYSTEM
from syteops.team.services import create_team_member
create_team_member(SYSTEM, first_name="Ada", last_name="Lovelace")
"""


@pytest.fixture(scope="module")
def ada(running_site: Site) -> None:
    """Somebody to be found."""
    running_site.manage("shell", "-c", A_MEMBER)


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def opened(page: Page) -> None:
    """The page, once the theme's scripts have run: before that it takes no keys."""
    page.wait_for_function(
        "() => window.Alpine && !document.documentElement.hasAttribute('x-cloak')"
    )


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize(
    ("key", "path"), [("Control+k", "/admin/"), ("/", "/admin/team/teammember/")]
)
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


def test_what_is_typed_in_a_field_opens_no_palette(page: Page) -> None:
    page.goto("/admin/crm/crmsystem/add/")
    opened(page)
    name = page.get_by_label("Name")
    name.press_sequentially("A/B")
    expect(name).to_have_value("A/B")
    expect(page.locator(PALETTE)).to_be_hidden()


def test_the_theme_is_switched_and_one_leaves_from_the_palette(
    open_page: Callable[..., Page],
) -> None:
    page = open_page()  # by itself: its session ends
    sign_in(page)
    opened(page)
    press(page, "/")
    expect(page.locator(PALETTE)).to_be_focused()
    page.keyboard.type("dark th")
    press(page, "Enter")
    expect(page.locator("html")).to_have_class(re.compile(r"\bdark\b"))
    expect(page.locator(PALETTE)).to_be_hidden()

    press(page, "/")
    expect(page.locator(PALETTE)).to_be_focused()
    page.keyboard.type("sign out")
    press(page, "Enter")
    expect(page.get_by_text("Log in again")).to_be_visible()
    page.goto("/admin/")
    expect(page.get_by_label("Username")).to_be_visible()
