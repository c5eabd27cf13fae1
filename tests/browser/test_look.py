"""Pages in light, dark and on a telephone: nothing complains, nothing sticks out, all is local."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import WIDTHS, Site, sticks_out, widths

PAGES = (
    "/admin/",
    "/admin/keys/managekey/",
    "/admin/keys/managekey/create/",
    "/admin/crm/crmsystem/",
    "/admin/crm/crmsystem/add/",
    "/admin/integrations/integrationstate/",
    "/admin/integrations/integrationstate/slack/change/",
    "/admin/webhooks/webhook/",
    "/admin/webhooks/webhook/add/",
    "/admin/deliveries/delivery/",
    "/admin/automation/variable/",
    "/admin/automation/variable/catalogue/",
    "/admin/audit/auditentry/",
    "/admin/auth/user/",
    "/admin/auth/user/add/",
    "/admin/auth/group/",
    "/admin/password_change/",
    "/admin/guides/",
    "/admin/guides/keys/",
    "/admin/guides/?q=rotation",
)


@pytest.mark.parametrize("scheme", WIDTHS)
def test_every_page_fits_and_nothing_complains(
    open_page: Callable[..., Page], session: Any, scheme: str
) -> None:
    page = open_page(color_scheme=scheme)
    page.goto("/admin/login/")
    assert [width for width in widths(page, scheme) if sticks_out(page)] == []
    page.context.add_cookies(session)
    for address in PAGES:
        page.goto(address)
        page.wait_for_function("() => document.fonts.status === 'loaded'")
        assert [width for width in widths(page, scheme) if sticks_out(page)] == [], address
        assert page.evaluate("document.documentElement.classList.contains('dark')") == (
            scheme == "dark"
        )


def test_nothing_moves_when_the_font_of_the_icons_arrives(page: Page) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/Material-Symbols-*.woff2", hold)
    with page.expect_request("**/Material-Symbols-*.woff2"):
        page.goto("/admin/team/teammember/", wait_until="domcontentloaded")
    page.wait_for_function("() => !document.documentElement.hasAttribute('x-cloak')")
    place = "document.querySelector('#content-start').getBoundingClientRect().top"
    before = page.evaluate(place)
    held[0].continue_()
    page.wait_for_function("() => document.fonts.status === 'loaded'")
    assert page.evaluate(place) == before


def test_events_for_slack_are_chosen_by_name(page: Page) -> None:
    page.goto("/admin/integrations/integrationstate/slack/change/")
    chosen = page.locator("li.select2-selection__choice")
    before = chosen.count()
    page.locator(".select2-search__field").click()
    page.keyboard.type("Everything that happens")
    page.keyboard.press("Enter")
    expect(chosen).to_have_count(before + 1)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Slack was saved.")).to_be_visible()
    expect(chosen.filter(has_text="Everything that happens")).to_be_visible()


def test_an_object_s_history_shows_what_changed(page: Page) -> None:
    page.goto("/admin/crm/crmsystem/add/")
    page.get_by_label("Name").fill("HubSpot")
    page.get_by_role("button", name="Save and continue editing").click()
    page.get_by_label("URL").fill("https://hubspot.example")
    page.get_by_role("button", name="Save and continue editing").click()
    page.locator("#main a[href$='/history/']").click()
    expect(page.get_by_role("heading", name="History of HubSpot", exact=True)).to_be_visible()
    expect(page.get_by_role("cell", name="https://hubspot.example")).to_be_visible()
    page.get_by_role("link", name="Details").first.click()
    expect(page.get_by_role("heading", name="What changed")).to_be_visible()


def test_the_interactive_documentation_works_offline(
    running_site: Site, open_page: Callable[..., Page]
) -> None:
    page = open_page()
    answer = page.goto("/api/manage/v1/docs")
    assert answer is not None
    assert "script-src 'self';" in answer.headers["content-security-policy"]
    expect(page.get_by_role("heading", name="SyteOps Manage API")).to_be_visible()
    page.get_by_role("button", name=re.compile("CRM systems")).first.click()
    page.get_by_role("link", name="Change a CRM system").first.click()
    expect(page.get_by_role("heading", name="Change a CRM system")).to_be_visible()
    expect(page.get_by_text("crm:write").first).to_be_visible()
    expect(page.get_by_text("Only try it: nothing is stored.").first).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("Test Request")).first).to_be_visible()


def test_the_documentation_shows_what_a_key_may_do(
    running_site: Site, open_page: Callable[..., Page]
) -> None:
    named = ("--name", "Reader", "--scopes", "crm:read", "--json")
    created = running_site.manage("manage_key", "create", *named)
    page = open_page()
    page.goto("/api/manage/v1/docs")
    page.get_by_label("Your key").fill(json.loads(created)["key"])
    page.get_by_role("button", name="Show what it may do").click()
    expect(page.locator("output")).to_contain_text("This key may do 2 of ")
    page.get_by_role("button", name=re.compile("CRM systems")).first.click()
    allowed = page.get_by_role("link", name="List the CRM systems").first
    refused = page.get_by_role("link", name="Delete a CRM system").first
    expect(refused).to_have_css("opacity", "0.45")
    expect(allowed).to_have_css("opacity", "1")
    refused.click()
    expect(page.get_by_text("Not with this key").first).to_be_visible()
