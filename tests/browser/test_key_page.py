"""The main job in a real browser: make, copy, rotate and revoke a key, and the API follows."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import PASSWORD, USER, Site, sign_in

KEY = re.compile(r"som_[0-9A-Za-z]{50}")
FOCUSED = """(() => {
    const focused = document.activeElement;
    return {text: focused.innerText.trim(), outline: getComputedStyle(focused).outlineStyle};
})()"""


def open_options(page: Page) -> None:
    page.goto("/admin/")
    page.get_by_role("link", name="Manage API Key").first.click()
    expect(page.locator("#api-state")).to_be_visible()


def act(page: Page, label: str) -> None:
    """Press the button of the card, and the one of its dialog."""
    page.get_by_role("link", name=label).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name=label).click()


def rotate_at_once(page: Page) -> None:
    page.get_by_role("link", name="Rotate key").click()
    page.get_by_label("The old key stops working").select_option("At once")
    page.get_by_role("dialog").get_by_role("button", name="Rotate key").click()


def shown_key(page: Page) -> str:
    """The key on the page that shows it once."""
    text = page.get_by_label("The key").input_value()
    assert KEY.fullmatch(text)
    return text


def state(page: Page) -> str:
    return page.locator("#api-state").inner_text()


def test_the_life_of_the_key(site: Site, page: Page) -> None:
    open_options(page)
    assert state(page) == "No key"

    act(page, "Generate key")
    first = shown_key(page)
    page.get_by_role("button", name="Copy key").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == first
    assert site.call(first).status_code == 200

    page.get_by_role("link", name="I have stored it").click()
    assert state(page) == "Active"
    assert first not in page.content()

    rotate_at_once(page)
    second = shown_key(page)
    assert second != first
    assert site.call(first).status_code == 401
    assert site.call(second).status_code == 200

    open_options(page)
    act(page, "Disable API")
    expect(page.get_by_text("The API is disabled. All keys are kept.")).to_be_visible()
    assert state(page) == "API disabled"
    refused = site.call(second)
    assert (refused.status_code, refused.json()["code"]) == (403, "api_disabled")

    act(page, "Enable API")
    expect(page.get_by_text("The API is enabled.")).to_be_visible()
    assert site.call(second).status_code == 200

    act(page, "Revoke key")
    expect(page.get_by_text("The key is revoked.")).to_be_visible()
    assert state(page) == "No key"
    assert site.call(second).status_code == 401


def test_with_an_overlap_both_keys_work_and_the_page_says_until_when(
    site: Site, page: Page
) -> None:
    first = site.command("generate")["key"]
    open_options(page)
    page.get_by_role("link", name="Rotate key").click()
    expect(page.get_by_label("The old key stops working")).to_have_value("86400")
    page.get_by_role("dialog").get_by_role("button", name="Rotate key").click()
    expect(page.get_by_text("works until")).to_be_visible()
    second = shown_key(page)
    old, new = site.call(first), site.call(second)
    assert (old.status_code, new.status_code) == (200, 200)
    assert old.headers["Deprecation"].startswith("@")
    assert "Sunset" in old.headers
    assert "Sunset" not in new.headers


def test_the_curl_line_is_ready_to_be_pasted(site: Site, page: Page) -> None:
    open_options(page)
    act(page, "Generate key")
    page.get_by_role("button", name="Copy line").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    line = page.evaluate("navigator.clipboard.readText()")
    assert line == f'curl -H "X-API-Key: {shown_key(page)}" {site.url}/api/manage/v1/whoami'


def test_cancel_and_escape_change_nothing(site: Site, page: Page) -> None:
    key = site.command("generate")["key"]
    open_options(page)
    for label in ("Rotate key", "Revoke key", "Disable API"):
        page.get_by_role("link", name=label).click()
        page.get_by_role("dialog").get_by_role("link", name="Cancel").click()
        expect(page.get_by_role("dialog")).to_have_count(0)
        page.get_by_role("link", name=label).click()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
    assert site.call(key).status_code == 200


def press(page: Page, text: str) -> None:
    """Go forward with the Tab key to what is called so, see that it has the focus, and press it."""
    for _ in range(100):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        if focused["text"].rpartition("\n")[2] == text:  # after the icon's name
            assert focused["outline"] != "none", f"one does not see that {text} has the focus"
            page.keyboard.press("Enter")
            return
    raise AssertionError(f"{text} cannot be reached with the keyboard")


def test_the_keyboard_alone_is_enough(site: Site, open_page: Callable[..., Page]) -> None:
    page = open_page(viewport={"width": 1440, "height": 900})
    page.goto("/admin/")
    expect(page.get_by_label("Username")).to_be_focused()
    page.keyboard.type(USER)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_function("() => !location.pathname.includes('/login/')")
    press(page, "Manage API Key")
    expect(page.locator("#api-state")).to_have_text("No key")

    press(page, "Generate key")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Generate key")).to_be_focused()
    page.keyboard.press("Enter")
    press(page, "Generate key")
    key = shown_key(page)
    press(page, "Copy key")
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    press(page, "I have stored it")
    expect(page.locator("#api-state")).to_have_text("Active")
    press(page, "Revoke key")
    expect(page.get_by_role("dialog")).to_be_visible()
    press(page, "Revoke key")
    expect(page.get_by_text("The key is revoked.")).to_be_visible()
    assert site.call(key).status_code == 401


def test_an_old_sign_in_is_asked_for_the_password_again(
    site: Site, strict_site: Site, open_page: Callable[..., Page]
) -> None:
    key = strict_site.command("generate")["key"]
    page = open_page(strict_site, viewport={"width": 1440, "height": 900})
    sign_in(page)
    open_options(page)
    page.get_by_role("link", name="Revoke key").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Your password").fill("not my password")
    dialog.get_by_role("button", name="Revoke key").click()
    expect(page.get_by_text("This is not your password.", exact=True)).to_be_visible()
    assert strict_site.call(key).status_code == 200
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Revoke key").click()
    expect(page.get_by_text("The key is revoked.")).to_be_visible()
    assert strict_site.call(key).status_code == 401


def test_going_away_and_back_does_not_show_the_key_again(site: Site, page: Page) -> None:
    open_options(page)
    act(page, "Generate key")
    key = shown_key(page)
    page.get_by_role("link", name="I have stored it").click()
    expect(page.locator("#api-state")).to_be_visible()
    page.evaluate("void setTimeout(() => history.back())")
    page.wait_for_timeout(1000)
    assert key not in page.content()


def test_a_preset_ticks_the_boxes_and_a_restricted_key_comes_of_it(site: Site, page: Page) -> None:
    open_options(page)
    page.get_by_role("link", name="New restricted key").click()
    page.get_by_label("Name").fill("n8n on ops-1")
    page.get_by_role("radio", name="Read only").check()
    reads = page.locator('input[name="scopes"][value$=":read"]')
    write = page.locator('input[name="scopes"][value="crm:write"]')
    assert all(box.is_checked() for box in reads.all())
    expect(write).not_to_be_checked()
    write.check()
    expect(page.get_by_role("radio", name="My own choice")).to_be_checked()
    write.uncheck()
    expect(page.get_by_role("radio", name="Read only")).to_be_checked()
    page.get_by_role("button", name="Create key").click()

    key = shown_key(page)
    assert site.call(key, "/crm-systems").status_code == 200
    page.get_by_role("link", name="I have stored it").click()
    page.get_by_role("link", name="n8n on ops-1").first.click()
    expect(page.get_by_text("Reads everything")).to_be_visible()
    act(page, "Pause")
    assert site.call(key).status_code == 403
    act(page, "Resume")
    expect(page.get_by_text("The key works again.")).to_be_visible()
    assert site.call(key).status_code == 200
    act(page, "Revoke key")
    expect(page.get_by_text("The key is revoked.")).to_be_visible()
    assert site.call(key).status_code == 401


def test_everything_works_without_javascript(site: Site, open_page: Callable[..., Page]) -> None:
    page = open_page(java_script_enabled=False, viewport={"width": 1440, "height": 900})
    page.goto("/admin/")
    page.locator("#id_username").fill("alice")
    page.locator("#id_password").fill("correct horse battery")
    page.locator("#login-form [type=submit]").click()
    page.goto("/admin/keys/managekey/")
    page.locator("a", has_text="Generate key").click()
    assert "You see the key once." in page.content()
    page.locator("main, #content").locator("button[type=submit]").click()
    found = KEY.search(page.content())
    assert found is not None
    assert site.call(found[0]).status_code == 200
