"""What is imported from files and exported to them: what the walks do not do (`test_walks`)."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Site, sticks_out
from tests.browser.hands import Keyboard
from tests.browser.test_accessibility import violations

IMPORT = "/admin/team/teammember/import/"
CLEAR = """
from notes.models import Note
from syteops.team.models import TeamMember
for many in (Note, TeamMember):
    many.objects.all().delete()
"""


def members(path: Path, count: int) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.DictWriter(file, ["first_name", "email", "country"])
        rows.writeheader()
        for number in range(count):
            row = {"first_name": f"=Zoë {number}", "country": "US"}
            rows.writerow(row | {"email": f"p{number}@example.com"})
    return path


@pytest.fixture
def empty_site(running_site: Site) -> Iterator[Site]:
    """Before and after: nobody else is to wait for lists of hundreds."""
    running_site.manage("shell", "-c", CLEAR)
    yield running_site
    running_site.manage("shell", "-c", CLEAR)


def by_mouse(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).click()


def by_keyboard(page: Page, name: str) -> None:
    Keyboard(page).press(page.get_by_role("button", name=name))


def test_what_is_downloaded_goes_in_again_unchanged(
    empty_site: Site, page: Page, tmp_path: Path
) -> None:
    page.goto(IMPORT)
    page.get_by_label("CSV or XLSX file").set_input_files(members(tmp_path / "a.csv", 200))
    by_mouse(page, "Check the file")
    by_mouse(page, "Import: 200 new")
    expect(page.get_by_text("Imported: 200 new.")).to_be_visible()
    page.get_by_role("link", name="Export").click()
    assert violations(page) == []
    with page.expect_download() as download:
        page.get_by_role("link", name="Download XLSX").click()
    file = tmp_path / "b.xlsx"
    download.value.save_as(file)

    page.goto(IMPORT)
    page.get_by_label("CSV or XLSX file").set_input_files(file)
    by_mouse(page, "Check the file")

    expect(page.get_by_text("There is nothing to import")).to_be_visible()


def test_many_rows_are_imported_in_the_background_while_the_page_tells_how_far_it_is(
    empty_site: Site, page: Page, tmp_path: Path
) -> None:
    file = tmp_path / "many.csv"
    file.write_text("title\n" + "".join(f"Note {number}\n" for number in range(400)))
    page.goto("/admin/notes/note/import/")
    page.get_by_label("CSV or XLSX file").set_input_files(file)
    by_mouse(page, "Check the file")
    expect(page.get_by_text("Nothing is stored yet")).to_be_visible()

    by_mouse(page, "Import: 400 new")

    expect(page.get_by_role("progressbar")).to_be_visible()
    expect(page.get_by_text("Imported: 400 new.")).to_be_visible()


def test_rows_are_chosen_and_edited_together_by_keyboard(
    empty_site: Site, page: Page, tmp_path: Path
) -> None:
    page.goto(IMPORT)
    page.get_by_label("CSV or XLSX file").set_input_files(members(tmp_path / "a.csv", 3))
    by_mouse(page, "Check the file")
    by_mouse(page, "Import: 3 new")
    expect(page.get_by_text("Imported: 3 new.")).to_be_visible()
    boxes = page.locator("input.action-select")
    for place in range(2):
        boxes.nth(place).focus()
        page.keyboard.press("Space")
    page.get_by_label("Select action to run").focus()
    page.keyboard.type("Edit")
    by_keyboard(page, "Run")
    expect(page.get_by_role("heading", name="Edit 2 team members", exact=True)).to_be_visible()
    assert violations(page) == []
    page.get_by_label("City", exact=True).fill("Köln")
    by_keyboard(page, "See what changes")
    changes = page.get_by_role("region", name="Row by row")
    expect(changes.get_by_text("Köln")).to_have_count(2)
    assert violations(page) == []
    page.set_viewport_size({"width": 390, "height": 900})
    assert not sticks_out(page)

    by_keyboard(page, "Change 2 now")

    expect(page.get_by_text("Edited: 2 changed.")).to_be_visible()


def test_a_list_is_made_ones_own_by_keyboard(site: Site, page: Page) -> None:
    page.goto("/admin/audit/auditentry/?q=alice")
    page.get_by_role("link", name="Columns").click()
    assert violations(page) == []
    by_keyboard(page, "Move Who up")
    expect(page.get_by_role("button", name="Move Who down")).to_be_focused()
    page.get_by_role("checkbox", name="Address").uncheck()
    by_keyboard(page, "Show these")
    heads = page.locator("thead th")
    expect(heads.nth(0)).to_have_text("Who")
    expect(page.get_by_role("columnheader", name="Address")).to_have_count(0)

    page.get_by_role("link", name="Views").click()
    page.get_by_label("Name").fill("About Alice")
    assert violations(page) == []
    by_keyboard(page, "Save view")

    tab = page.get_by_role("link", name="About Alice")
    expect(tab).to_have_attribute("aria-current", "page")
    assert violations(page) == []
    page.set_viewport_size({"width": 390, "height": 900})
    assert not sticks_out(page)
