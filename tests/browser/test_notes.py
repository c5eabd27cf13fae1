"""Notes in a browser: what is written is seen beside it, and what is done is ticked off."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import TALL, Site, sticks_out
from tests.browser.test_accessibility import violations

A_NOTE = """
from notes import services
from notes.models import Note
from syteops.core.actors import SYSTEM
items = [{"text": "Call Zoe", "due_date": "2026-01-01"}, {"text": "Book a room"}]
note = services.create_note(SYSTEM, title="Minutes", content="", action_items=items)
print(note.pk)
"""
CONTENT = "from notes.models import Note; print(repr(Note.objects.get(pk={}).content))"


@pytest.fixture
def note(running_site: Site) -> str:
    return running_site.manage("shell", "-c", A_NOTE).split()[-1]


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 390)])
def test_a_text_is_written_by_keyboard_with_its_preview_beside(
    running_site: Site,
    open_page: Callable[..., Page],
    session: Any,
    note: str,
    scheme: str,
    width: int,
) -> None:
    page = open_page(color_scheme=scheme, viewport={"width": width, "height": TALL})
    page.context.add_cookies(session)
    page.goto(f"/admin/notes/note/{note}/change/")
    text, preview = (
        page.get_by_role("textbox", name="Content"),
        page.get_by_role("region", name="Preview"),
    )

    text.press_sequentially("We start\n<img src=x onerror=alert(1)>\n")
    text.press("ControlOrMeta+Home")
    text.press("Shift+End")
    text.press("ControlOrMeta+b")

    expect(preview.locator("strong")).to_have_text("We start")
    expect(preview.locator("img")).to_have_count(0)
    page.get_by_role("toolbar", name="Formatting").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("button", name="Bold")).to_be_focused()
    assert not sticks_out(page)
    assert violations(page) == []
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/admin/notes/note/")
    stored = running_site.manage("shell", "-c", CONTENT.format(note)).strip().splitlines()[-1]
    assert stored == repr("**We start**\n<img src=x onerror=alert(1)>\n")


def test_without_a_script_it_is_a_plain_text_area(
    open_page: Callable[..., Page], session: Any, note: str
) -> None:
    page = open_page(java_script_enabled=False)
    page.context.add_cookies(session)
    page.goto(f"/admin/notes/note/{note}/change/")

    expect(page.locator("textarea[name=content]")).to_be_editable()
    expect(page.locator("markdown-toolbar")).to_be_hidden()


def test_what_is_done_is_ticked_off_with_one_click(page: Page, note: str) -> None:
    page.goto("/admin/notes/note/agenda/")
    row = page.get_by_role("row").filter(has_text="Call Zoe").first
    expect(row).to_contain_text("Overdue")
    count = page.get_by_role("button", name="Done: Call Zoe").count()

    page.get_by_role("button", name="Done: Call Zoe").first.click()

    expect(page.get_by_text("Done: Call Zoe").first).to_be_visible()
    expect(page.get_by_role("button", name="Done: Call Zoe")).to_have_count(count - 1)
    page.get_by_label("Show").select_option("done")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("button", name="Not done after all: Call Zoe").first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("To do again: Call Zoe")).to_be_visible()
    assert violations(page) == []
