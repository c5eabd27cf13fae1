"""A colleague is invited with limited rights: by mouse, by keyboard alone, on a telephone."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import sticks_out
from tests.browser.test_accessibility import violations

INVITATIONS = "/admin/invitations/invitation/"
PASSWORD = "canary horse battery"


def see_notes(page: Page) -> Any:
    return page.get_by_role("checkbox", name="Notes (notes_items): See")


def join(page: Page, link: str, name: str) -> None:
    """Open the link, and make an account."""
    page.goto(link)
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").first.fill(PASSWORD)
    page.get_by_label("Password confirmation").fill(PASSWORD)
    page.get_by_role("button", name="Create my account").click()
    expect(page.get_by_text("Your account is ready.")).to_be_visible()


def sign_in(page: Page, name: str) -> None:
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()


@pytest.mark.parametrize("look", [("light", 1440), ("dark", 390)])
def test_by_mouse_and_on_a_telephone(
    open_page: Callable[..., Page], session: Any, look: tuple[str, int]
) -> None:
    scheme, width = look
    options = {"color_scheme": scheme, "viewport": {"width": width, "height": 900}}
    page, found = open_page(**options), []
    page.context.add_cookies(session)
    page.goto(f"{INVITATIONS}add/")
    found += violations(page)
    see_notes(page).check()
    page.get_by_role("button", name="Save", exact=True).click()
    link = page.get_by_label("The link").input_value()
    found += violations(page)
    assert not sticks_out(page)

    invited, name = open_page(**options), f"dora{width}"
    invited.goto(link)
    found += violations(invited)
    assert not sticks_out(invited)
    join(invited, link, name)
    sign_in(invited, name)
    invited.goto("/admin/notes/note/")
    expect(invited.get_by_text("0 notes")).to_be_visible()
    assert "/notes/note/add/" not in invited.content()

    page.goto(INVITATIONS)
    expect(page.get_by_text("Accepted").first).to_be_visible()
    found += violations(page)
    assert not sticks_out(page)
    assert found == []


def test_by_keyboard_alone(page: Page, open_page: Callable[..., Page]) -> None:
    page.goto(f"{INVITATIONS}add/")
    _tab_to(page, "input[name=email]")
    page.keyboard.type("eve@example.com")
    _tab_to(page, "[data-reads]", of=see_notes(page))
    page.keyboard.press("Space")
    _tab_to(page, "[name=_save]")
    page.keyboard.press("Enter")
    link = page.get_by_label("The link").input_value()

    invited = open_page()
    invited.goto(link)
    for name, text in (("username", "eve"), ("password1", PASSWORD), ("password2", PASSWORD)):
        _tab_to(invited, f"input[name={name}]")
        invited.keyboard.type(text)
    invited.keyboard.press("Enter")
    expect(invited.get_by_text("Your account is ready.")).to_be_visible()


def _tab_to(page: Page, selector: str, of: Any = None) -> None:
    """Press Tab until the control has the focus."""
    wanted = of or page.locator(selector).first
    for _ in range(250):
        if wanted.evaluate("one => one === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} is not reached by Tab.")
