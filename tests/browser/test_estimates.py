"""Writing an estimate in a browser: what it comes to is seen at once, by mouse and by keyboard."""

import os
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Site, sticks_out
from tests.browser.test_accessibility import violations
from tests.waiting import becomes_true

LIST = "/admin/estimates/estimate/"
FORMER = """
from estimates import services
from syteops.core.actors import SYSTEM
lines = [{"description": name, "unit_price": "10"} for name in ("Design", "Code", "Care")]
made = services.create_estimate(
    SYSTEM, title="Shop", currency="EUR", line_items=lines, client_name="Zoë Client",
    client_company="Zeta & Sons", client_email="zoe@zeta.example")
print(made.pk)
"""
STORED = """
from estimates.queries import get_estimate
one = get_estimate("{}")
print([line.description for line in one.line_items.all()], one.amounts.total)
"""


@pytest.fixture
def former(running_site: Site) -> str:
    return running_site.manage("shell", "-c", FORMER).split()[-1]


def stored(site: Site, pk: str) -> str:
    return site.manage("shell", "-c", STORED.format(pk)).strip().splitlines()[-1]


def rows(page: Page) -> Locator:
    return page.locator("tbody.form-group:not(.empty-form)")


def row(page: Page, place: int) -> Locator:
    return rows(page).nth(place)


def descriptions(page: Page) -> list[str]:
    fields = rows(page).get_by_role("textbox", name="Description").all()
    return [one.input_value() for one in fields]


def total(page: Page) -> Locator:
    return page.locator(".so-total dd")


def look(page: Page, name: str) -> None:
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def save(page: Page) -> None:
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url(f"**{LIST}")


def choose_client(page: Page) -> list[str]:
    """By keyboard; what is wrong with the list meanwhile."""
    client = page.get_by_role("combobox", name="Client name")
    client.press_sequentially("zeta")
    expect(page.get_by_role("option").first).to_contain_text("Zoë Client · Zeta & Sons")
    found = violations(page)
    client.press("ArrowDown")
    client.press("Enter")
    expect(page.get_by_label("Client e-mail")).to_have_value("zoe@zeta.example")
    expect(page.get_by_role("listbox")).to_be_hidden()
    return found


def add_lines(page: Page, lines: list[tuple[str, str, str]]) -> None:
    for place, (what, price, tax) in enumerate(lines):
        page.get_by_role("link", name=re.compile("Add another line item", re.I)).click()
        one = row(page, place)
        one.get_by_label("Description").fill(what)
        one.get_by_label("Unit price").fill(price)
        one.get_by_label("Tax %").fill(tax)


@pytest.mark.parametrize(
    ("scheme", "width"), [("light", 1440), ("dark", 390), ("dark", 1440), ("light", 390)]
)
def test_an_estimate_is_written_for_a_client_of_before_with_live_amounts(
    running_site: Site,
    open_page: Callable[..., Page],
    session: Any,
    former: str,
    scheme: str,
    width: int,
) -> None:
    page = open_page(color_scheme=scheme, viewport={"width": width, "height": 900})
    page.context.add_cookies(session)
    page.goto(f"{LIST}add/")

    found = choose_client(page)
    page.get_by_label("Title").fill(f"Shop {scheme} {width}")
    page.get_by_label("Currency").select_option("EUR")
    add_lines(page, [("Work", "100", "20"), ("Food", "50", "10")])
    expect(row(page, 0).locator("[data-amount]")).to_have_text("100.00")
    expect(total(page)).to_have_text("EUR 175.00")
    page.locator("#id_discount_percent").fill("10")
    expect(total(page)).to_have_text("EUR 157.50")
    expect(page.locator("[data-totals]")).to_contain_text("Tax 20 % on 90.00")
    row(page, 1).get_by_label("Optional").check()
    expect(total(page)).to_have_text("EUR 108.00")
    row(page, 0).get_by_label("Unit price").fill("")
    expect(page.locator("[data-totals]")).to_contain_text("Shown once every number can be read")
    row(page, 0).get_by_label("Unit price").fill("-100")
    expect(total(page)).to_have_text("EUR −108.00")
    row(page, 0).get_by_label("Unit price").fill("100")
    expect(total(page)).to_have_text("EUR 108.00")

    look(page, f"form-{scheme}-{width}")
    assert found + violations(page) == []
    assert not sticks_out(page)
    save(page)
    pk = running_site.manage(
        "shell",
        "-c",
        "from estimates.models import Estimate; print(Estimate.objects.latest('pk').pk)",
    ).split()[-1]
    assert stored(running_site, pk) == "['Work', 'Food'] 108.00"


def test_lines_are_moved_by_keyboard_and_by_dragging(
    running_site: Site, page: Page, former: str
) -> None:
    page.goto(f"{LIST}{former}/change/")
    first = row(page, 0)
    first.get_by_role("button", name="Move down").focus()
    page.keyboard.press("Enter")
    assert becomes_true(lambda: descriptions(page) == ["Code", "Design", "Care"])
    expect(page.get_by_role("status").filter(has_text="Row 2 of 3")).to_be_attached()
    expect(row(page, 1).get_by_role("button", name="Move down")).to_be_focused()

    handle = row(page, 2).get_by_text("drag_indicator")
    handle.drag_to(row(page, 0).get_by_text("drag_indicator"))
    assert becomes_true(lambda: descriptions(page) == ["Care", "Code", "Design"])

    page.get_by_role("link", name=re.compile("Add another line item", re.I)).click()
    new = row(page, 3)
    new.get_by_label("Description").fill("New")
    new.get_by_label("Unit price").fill("1")
    for _ in range(3):
        row(page, descriptions(page).index("New")).get_by_role("button", name="Move up").click()
    assert becomes_true(lambda: descriptions(page) == ["New", "Care", "Code", "Design"])
    save(page)
    assert stored(running_site, former) == "['New', 'Care', 'Code', 'Design'] 31.00"


def test_an_error_is_beside_its_field_and_nothing_is_lost(page: Page, former: str) -> None:
    page.goto(f"{LIST}{former}/change/")
    page.get_by_label("Title").fill("Other title")
    row(page, 1).get_by_label("Quantity").fill("0")
    page.get_by_role("button", name="Move down").first.click()

    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.get_by_label("Title")).to_have_value("Other title")
    expect(page.locator("td.field-quantity", has_text="greater than or equal")).to_be_visible()
    assert "0" in [one.input_value() for one in rows(page).get_by_label("Quantity").all()]


def test_a_copy_a_template_and_a_draft_of_it_are_made_by_buttons(page: Page, former: str) -> None:
    for name, button in (("copy", "Make a copy"), ("make-template", "Make a template")):
        page.goto(f"{LIST}{former}/change/")
        page.locator(f"a[href$='/{name}/']:visible").first.click()
        page.get_by_role("button", name=button).click()
        page.wait_for_url(re.compile(rf"{LIST}[0-9]+/change/"))
        assert becomes_true(lambda: descriptions(page) == ["Design", "Code", "Care"])
    expect(page.get_by_role("combobox", name="Client name")).to_have_value("")
    found = violations(page)

    page.goto(f"{LIST}add/")
    look(page, "add-with-template")
    found += violations(page)
    page.get_by_role("link", name="Shop", exact=True).first.click()
    page.get_by_role("button", name="Make a draft").click()
    expect(page.get_by_text(re.compile("EST-[0-9]+-[0-9]+")).first).to_be_visible()
    assert becomes_true(lambda: descriptions(page) == ["Design", "Code", "Care"])
    assert found == []


OPTIONS = """
from estimates import services
from estimates.links import client_path
from syteops.core.actors import SYSTEM
lines = [
    {"description": "Shop", "unit_price": "100", "tax_percent": "20"},
    {"description": "Rebate", "unit_price": "-10", "tax_percent": "20"},
    {"description": "Care plan", "unit_price": "40", "tax_percent": "10", "optional": True}]
made = services.create_estimate(
    SYSTEM, title="Shop", currency="EUR", line_items=lines, client_email="z@zeta.example",
    discount_percent="5")
print(client_path(services.send_estimate(SYSTEM, made, email=False)))
"""


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 390)])
def test_a_client_chooses_an_option_and_approves_the_new_total(
    running_site: Site, open_page: Callable[..., Page], scheme: str, width: int
) -> None:
    page = open_page(color_scheme=scheme, viewport={"width": width, "height": 900})
    page.goto(running_site.manage("shell", "-c", OPTIONS).split()[-1])
    due = page.locator(".totals .total dd")
    expect(due).to_have_text("EUR 102.60")

    page.get_by_label("Your name").fill("Zoë")
    page.get_by_label("Care plan").check()
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("alert")).to_contain_text("The total has changed")
    expect(due).to_have_text("EUR 144.40")
    look(page, f"client-{scheme}-{width}")
    assert violations(page) == []
    assert not sticks_out(page)
    page.get_by_role("button", name="Approve").click()

    expect(page.get_by_text("Approved by Zoë")).to_be_visible()
    expect(due).to_have_text("EUR 144.40")


def test_without_a_script_the_form_saves_all_the_same(
    running_site: Site, open_page: Callable[..., Page], session: Any, former: str
) -> None:
    page = open_page(java_script_enabled=False)
    page.context.add_cookies(session)
    page.goto(f"{LIST}{former}/change/")

    page.locator("#id_line_items-0-unit_price").fill("20")
    page.locator("[name=_save]").click()

    assert stored(running_site, former) == "['Design', 'Code', 'Care'] 40.00"
