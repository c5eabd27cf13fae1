"""Forms as a person meets them: a conflict, mistakes, and what is picked, seen and made there."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Site
from tests.pictures import picture_bytes
from tests.waiting import becomes_true

MAKE = """
from syteops.core.actors import SYSTEM
from syteops.crm.models import CrmSystem
from syteops.crm.services import create_crm_system
for one in CrmSystem.objects.all(): one.delete()
print(create_crm_system(SYSTEM, name="HubSpot", url="https://hubspot.example").pk)
"""
CHANGE = """
from syteops.core.actors import SYSTEM
from syteops.crm.models import CrmSystem
from syteops.crm.services import update_crm_system
update_crm_system(SYSTEM, CrmSystem.objects.get(), name="Theirs", url="https://theirs.example")
"""
STORED = """
from syteops.crm.models import CrmSystem
print(*CrmSystem.objects.values_list("name", "url").get())
"""


@pytest.fixture
def form(site: Site, open_page: Callable[..., Page], session: Any) -> Page:
    """The form of a CRM system."""
    pk = site.manage("shell", "-c", MAKE).split()[-1]
    page = open_page()
    page.context.add_cookies(session)
    page.goto(f"/admin/crm/crmsystem/{pk}/change/")
    return page


def test_what_else_a_deletion_brings_about_is_shown_once_it_is_known(form: Page) -> None:
    form.goto(form.url.replace("/change/", "/delete/"))
    told = form.get_by_role("listitem").filter(has_text="What else happens then:")
    expect(told).to_contain_text("automation variable")
    expect(form.get_by_role("status").filter(has_text="Looking")).to_have_count(0)


def test_a_conflict_is_settled_by_keyboard(site: Site, form: Page) -> None:
    site.manage("shell", "-c", CHANGE)
    form.get_by_label("Name", exact=False).first.fill("Mine")
    form.get_by_role("button", name="Save", exact=True).click()

    panel = form.get_by_role("alert")
    expect(panel).to_contain_text("Others changed this while you had it open")
    expect(panel).to_be_focused()
    expect(form.get_by_role("heading", level=1)).to_contain_text("Change Theirs")
    expect(form.locator("#id_url")).to_have_value("https://theirs.example")
    expect(form.get_by_text("Please correct")).to_have_count(0)
    mine, theirs = panel.get_by_role("radio").all()
    expect(mine).to_be_checked()
    mine.focus()
    form.keyboard.press("ArrowDown")
    expect(theirs).to_be_checked()

    form.get_by_role("button", name="Save", exact=True).click()
    expect(form.get_by_text("was changed successfully")).to_be_visible()
    assert site.manage("shell", "-c", STORED).split()[-2:] == ["Theirs", "https://theirs.example"]


def test_mistakes_are_summed_up_and_lead_to_their_fields(form: Page) -> None:
    form.goto("/admin/team/teammember/add/")
    for name in ("email", "website"):
        form.evaluate(f"document.querySelector('#id_{name}').value = 'nonsense:'")
    form.get_by_role("button", name="Save", exact=True).click()

    told = form.get_by_role("alert")
    expect(told).to_contain_text("2 things are to be put right")
    expect(told).to_be_focused()
    told.get_by_role("link", name="Website").press("Enter")
    expect(form.locator("#id_website")).to_be_focused()


LATER = """addEventListener("submit", (event) => setTimeout(() => {
    const { disabled, className } = event.submitter;
    const told = [disabled, className.includes("so-busy"), document.body.ariaBusy];
    console.log(JSON.stringify(told));
}, 600))"""


def test_a_form_is_sent_once_and_says_that_it_works(form: Page) -> None:
    sent: list[Route] = []

    def keep_waiting(route: Route) -> None:
        sent.append(route)

    form.route("**/change/", keep_waiting)
    form.evaluate(LATER)
    with form.expect_console_message() as told, form.expect_request("**/change/"):
        form.get_by_role("button", name="Save", exact=True).click(no_wait_after=True)
    form.wait_for_timeout(500)
    assert len(sent) == 1
    assert "_save" in (sent[0].request.post_data or "")
    sent[0].continue_()
    form.wait_for_url("**/crmsystem/")
    assert json.loads(told.value.text) == [True, True, "true"]


def test_what_is_picked_is_seen_before_it_is_stored(form: Page, tmp_path: Path) -> None:
    form.goto("/admin/roles/role/add/")
    form.get_by_role("button", name="Science").click()
    expect(form.locator("#id_icon")).to_have_value("science")
    form.get_by_role("button", name="Teal").press("Enter")
    expect(form.locator("#id_color")).to_have_value("#0f766e")

    form.goto("/admin/team/teammember/add/")
    form.get_by_text("Picture and text").click()
    picture = tmp_path / "ada.png"
    picture.write_bytes(picture_bytes())
    form.locator("#id_profile_picture").set_input_files(picture)
    shown = form.get_by_alt_text("The picture you chose: ada.png")
    expect(shown).to_be_visible()
    shown.evaluate("one => one.decode()")  # fails if it is no picture


def test_a_secret_is_made_at_a_click(form: Page) -> None:
    form.goto("/admin/integrations/integrationstate/prometheus/change/")
    form.get_by_role("button", name="Generate").click()
    made = form.locator("[name=new_token]")
    expect(made).to_be_focused()
    assert len(made.input_value()) == 44


def test_fields_of_one_line_stand_on_one_line_where_there_is_room(form: Page) -> None:
    form.goto("/admin/team/teammember/add/")
    first, last = form.get_by_label("First name"), form.get_by_label("Last name")
    for width, is_beside in ((1440, True), (390, False)):
        form.set_viewport_size({"width": width, "height": 900})
        tops = [box["y"] for box in (first.bounding_box(), last.bounding_box()) if box]
        assert (tops[0] == tops[1]) == is_beside, width


def test_the_focus_is_never_below_the_bar_of_a_form(form: Page) -> None:
    form.goto("/admin/estimates/estimate/add/")
    form.set_viewport_size({"width": 1440, "height": 600})
    form.wait_for_function("() => !document.documentElement.hasAttribute('x-cloak')")
    bar = form.locator("#submit-row")
    form.get_by_label("Client name").focus()
    while not bar.evaluate("one => one.contains(document.activeElement)"):
        below = form.evaluate("document.activeElement.getBoundingClientRect().top + 8")
        assert below < (bar.bounding_box() or {"y": 0})["y"]
        form.keyboard.press("Tab")


ARRIVE = """async ([path, size]) => {
    const frame = () => new Promise((done) => setTimeout(done, 20));
    const page = await (await fetch(path)).text();
    const body = page.indexOf("<main");
    document.open();
    document.write(page.slice(0, body));
    while (!document.body) await frame();  // until its scripts have run
    for (let at = body, count = 0; at < page.length; at += size) {
        document.write(page.slice(at, at + size));
        await (++count % 50 ? null : frame());
    }
    document.close();
}"""
TOLD = """() => [...document.querySelectorAll("#page *")].map((one) =>
    [one.tagName, one.className, one.role, one.ariaLabel, one.title, one.tabIndex, one.ariaHidden]
    .join(" "))"""
PIECES = ("/admin/estimates/estimate/add/", "/admin/team/teammember/", "/admin/auth/group/")


@pytest.mark.parametrize("path", PIECES)
def test_a_page_is_the_same_in_however_many_pieces_it_arrives(form: Page, path: str) -> None:
    """A link that had not all of its words yet was called by its icon from then on: "Add"."""
    form.route("**/empty", lambda route: route.fulfill(content_type="text/html", body="<p>"))
    form.goto(path)
    form.wait_for_load_state("networkidle")
    at_once = form.evaluate(TOLD)
    form.goto("/empty")
    form.evaluate(ARRIVE, [path, 40])
    assert becomes_true(lambda: form.evaluate(TOLD) == at_once)


def test_a_row_is_added_also_where_not_everything_is_loaded_yet(form: Page) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    form.route("**/change_form*.js", hold)
    form.goto("/admin/estimates/estimate/add/", wait_until="domcontentloaded")
    form.wait_for_function("() => !document.documentElement.hasAttribute('x-cloak')")
    form.get_by_role("link", name="Add another line item").click()
    assert form.evaluate("document.readyState") == "interactive"
    held[0].continue_()
    expect(form.get_by_label("Description").filter(visible=True)).to_have_count(1)
