"""A person has action items suggested, waits, and takes two of three; by keyboard as well."""

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.ai.conftest import FakeProvider, openai_answer
from tests.browser.conftest import TALL, NewSite, Site, sticks_out
from tests.browser.test_accessibility import LOOKS, violations

FOUND = [{"text": text, "assignee": None, "due_date": None} for text in ("One", "Two", "Three")]
_SET_UP = """
from notes.services import create_note
from syteops.ai import services as ai
from syteops.ai.models import AiProvider
from syteops.core.actors import SYSTEM
provider = AiProvider.objects.get(slug="openai")
ai.update_ai_provider(
    SYSTEM, provider, base_url="{url}/v1", default_model="tiny", is_default=True
)
items = [{{"text": "Zero"}}]
create_note(SYSTEM, title="Kick-off", content="One, two and three.", action_items=items)
create_note(SYSTEM, title="Empty")
"""


@pytest.fixture(scope="module")
def running_site(new_site: NewSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One that may ask a provider of this machine."""
    data_dir = tmp_path_factory.mktemp("suggesting") / "site"
    with FakeProvider() as provider:
        provider.answer = lambda: openai_answer(json.dumps({"items": FOUND}), 5, 5)
        threading.Thread(target=provider.serve_forever, daemon=True).start()
        with new_site.served(data_dir, ALLOWED_PRIVATE_ORIGINS=provider.url) as site:
            site.manage("shell", "-c", _SET_UP.format(url=provider.url))
            yield site
        provider.shutdown()


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_two_of_three_are_accepted(
    open_page: Callable[..., Page], session: Any, scheme: str, width: int
) -> None:
    page = open_page(color_scheme=scheme, viewport={"width": width, "height": TALL})
    page.context.add_cookies(session)
    page.goto("/admin/notes/note/1/change/")
    found = seen(page)
    button = page.get_by_role("link", name="Suggest action items")
    button.focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Ask the AI").click()
    expect(page.get_by_role("heading", name="What is suggested")).to_be_visible()
    found += seen(page)

    page.get_by_role("checkbox", name="Two").focus()
    page.keyboard.press("Space")
    page.locator("[name=item-0-text]").fill("One, by telephone")
    page.locator("[name=item-2-due_date]").fill("2026-12-01")
    page.get_by_role("button", name="Accept selected").focus()
    page.keyboard.press("Enter")

    expect(page.get_by_text("Stored: 2 of what was suggested.")).to_be_visible()
    expect(page.locator("[name=action_items-1-text]")).to_have_value("One, by telephone")
    expect(page.locator("[name=action_items-2-text]")).to_have_value("Three")
    assert found == []


@pytest.mark.parametrize(("scheme", "width"), LOOKS[1:3])
def test_a_button_that_is_off_says_why(
    open_page: Callable[..., Page], session: Any, scheme: str, width: int
) -> None:
    page = open_page(color_scheme=scheme, viewport={"width": width, "height": TALL})
    page.context.add_cookies(session)
    page.goto("/admin/notes/note/2/change/")
    off = page.get_by_role("link", name="Suggest a summary")
    expect(off).to_be_disabled()
    expect(page.get_by_text("Suggest a summary: The note has no content yet.")).to_be_visible()
    assert seen(page) == []


def test_usage_is_charted(page: Page) -> None:
    page.goto("/admin/ai/aiusage/")
    expect(page.get_by_role("heading", name="Tokens per day")).to_be_visible()
    assert seen(page) == []


def seen(page: Page) -> list[str]:
    """What a person would stumble over on the page."""
    sticks = [f"{page.url} sticks out"] if sticks_out(page) else []
    return [*violations(page), *sticks]
