"""The matrix of rights: by keyboard, beside presets, without a script, and for a screen reader."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import WIDTHS, Site, sticks_out, widths
from tests.browser.test_accessibility import violations

NEW_GROUP = "/admin/auth/group/add/"
NEW_KEY = "/admin/keys/managekey/create/"
READS = "[data-reads]"


def all_read(page: Page) -> Any:
    return page.get_by_role("checkbox", name="Select all read")


@pytest.mark.parametrize("address", [NEW_GROUP, NEW_KEY])
def test_select_all_read_is_worked_by_keyboard_and_follows_the_boxes(
    page: Page, address: str
) -> None:
    page.goto(address)
    count = page.locator(READS).count()
    assert count > 15
    all_read(page).focus()
    page.keyboard.press("Space")
    expect(page.locator(f"{READS}:checked")).to_have_count(count)
    assert page.locator(f"input[type=checkbox]:checked:not({READS})").count() == 1

    box = page.get_by_role("checkbox", name="Team members (users)").first
    box.focus()
    page.keyboard.press("Space")
    expect(all_read(page)).not_to_be_checked()
    page.keyboard.press("Space")
    expect(all_read(page)).to_be_checked()
    all_read(page).focus()
    page.keyboard.press("Space")
    expect(page.locator(f"{READS}:checked")).to_have_count(0)


def test_presets_and_select_all_read_know_of_each_other(page: Page) -> None:
    page.goto(NEW_KEY)
    page.get_by_role("radio", name="Read only").check()
    expect(all_read(page)).to_be_checked()
    page.get_by_role("radio", name="Monitoring").check()
    expect(all_read(page)).not_to_be_checked()
    all_read(page).check()
    expect(page.get_by_role("radio", name="Read only")).to_be_checked()


def test_without_a_script_the_server_ticks_the_boxes(
    site: Site, open_page: Callable[..., Page], session: Any
) -> None:
    page = open_page(java_script_enabled=False)
    page.context.add_cookies(session)
    page.goto(NEW_GROUP)
    page.get_by_role("textbox", name="Name").fill("Readers without a script")
    all_read(page).check()
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("link", name="Readers without a script").first.click()
    assert page.locator(READS).count() == page.locator(f"{READS}:checked").count() > 15


@pytest.mark.parametrize("scheme", WIDTHS)
def test_it_fits_and_is_told_to_whoever_hears_it(
    open_page: Callable[..., Page], session: Any, scheme: str
) -> None:
    """That of a new key is looked at with the main pages (`test_accessibility`)."""
    page = open_page(color_scheme=scheme)
    page.context.add_cookies(session)
    page.goto(NEW_GROUP)
    for width in widths(page, scheme):
        assert not sticks_out(page), width
        assert violations(page) == []
