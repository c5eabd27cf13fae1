"""200 members from a file of which three rows are wrong: by mouse, by keyboard, and on a phone."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Site, sticks_out
from tests.browser.test_accessibility import violations

PATIENCE = 60_000
IMPORT = "/admin/team/teammember/import/"
COUNT = "from syteops.team.models import TeamMember as T; print(T.objects.count())"
CLEAR = """
from syteops.core.actors import SYSTEM
from syteops.team import services
from syteops.team.models import TeamMember
for one in TeamMember.objects.all():
    services.delete_team_member(SYSTEM, one)
"""
WRONG = {12: ("email", "nobody"), 79: ("country", "Utopia"), 152: ("first_name", "x" * 150)}


def members(path: Path, *, wrong: bool) -> Path:
    names = ["user_num", "first_name", "last_name", "email", "country"]
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.DictWriter(file, names)
        rows.writeheader()
        for number in range(2, 202):
            row = {
                "first_name": f"=Zoë {number}",
                "email": f"p{number}@example.com",
                "country": "US",
            }
            rows.writerow(row | dict([WRONG[number]] if wrong and number in WRONG else ()))
    return path


@pytest.fixture
def empty_site(running_site: Site) -> Site:
    running_site.manage("shell", "-c", CLEAR)
    return running_site


def count(site: Site) -> int:
    return int(site.manage("shell", "-c", COUNT).split()[-1])


def by_mouse(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).click()


def by_keyboard(page: Page, name: str) -> None:
    """Walks there with the Tab key alone."""
    wanted = page.get_by_role("button", name=name)
    for _ in range(60):
        if wanted.evaluate("one => one === document.activeElement"):
            break
        page.keyboard.press("Tab")
    expect(wanted).to_be_focused()
    page.keyboard.press("Enter")


@pytest.mark.parametrize(
    ("scheme", "width", "press"),
    [("light", 1440, by_mouse), ("dark", 1440, by_keyboard), ("dark", 390, by_mouse)],
    ids=["by mouse", "by keyboard", "on a phone"],
)
def test_each_wrong_row_is_named_and_then_all_of_them_are_imported(
    empty_site: Site,
    open_page: Callable[..., Page],
    session: Any,
    tmp_path: Path,
    scheme: str,
    width: int,
    press: Callable[[Page, str], None],
) -> None:
    page = open_page(color_scheme=scheme, viewport={"width": width, "height": 900})
    page.context.add_cookies(session)
    page.goto(IMPORT)
    assert violations(page) == []
    page.get_by_label("CSV or XLSX file").set_input_files(members(tmp_path / "a.csv", wrong=True))
    press(page, "Check the file")

    problems = page.get_by_role("region", name="What to correct")
    expect(problems).to_be_visible(timeout=PATIENCE)
    for number, (column, _) in WRONG.items():
        row = problems.get_by_role("row").filter(has_text=f"Row {number}")
        if width > 400:
            expect(row).to_contain_text(column)
        else:  # as cards, they are no table to a browser
            expect(problems).to_contain_text(f"Row {number}")
    expect(page.get_by_text("3 problems.")).to_be_visible()
    assert violations(page) == []
    assert not sticks_out(page)
    assert count(empty_site) == 0

    page.goto(IMPORT)
    page.get_by_label("CSV or XLSX file").set_input_files(members(tmp_path / "b.csv", wrong=False))
    press(page, "Check the file")
    expect(page.get_by_text("Nothing is stored yet")).to_be_visible(timeout=PATIENCE)
    assert violations(page) == []
    assert not sticks_out(page)
    assert count(empty_site) == 0
    press(page, "Import: 200 new")

    expect(page.get_by_text("Imported: 200 new.")).to_be_visible(timeout=PATIENCE)
    assert count(empty_site) == 200


def test_what_is_downloaded_goes_in_again_unchanged(
    empty_site: Site, page: Page, tmp_path: Path
) -> None:
    page.goto(IMPORT)
    page.get_by_label("CSV or XLSX file").set_input_files(members(tmp_path / "a.csv", wrong=False))
    by_mouse(page, "Check the file")
    by_mouse(page, "Import: 200 new")
    expect(page.get_by_text("Imported: 200 new.")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("link", name="Export").click()
    assert violations(page) == []
    with page.expect_download() as download:
        page.get_by_role("link", name="Download XLSX").click()
    file = tmp_path / "b.xlsx"
    download.value.save_as(file)

    page.goto(IMPORT)
    page.get_by_label("CSV or XLSX file").set_input_files(file)
    by_mouse(page, "Check the file")

    expect(page.get_by_text("There is nothing to import")).to_be_visible(timeout=PATIENCE)


def test_many_rows_are_imported_in_the_background_while_the_page_tells_how_far_it_is(
    empty_site: Site, page: Page, tmp_path: Path
) -> None:
    file = tmp_path / "many.csv"
    file.write_text("title\n" + "".join(f"Note {number}\n" for number in range(400)))
    page.goto("/admin/notes/note/import/")
    page.get_by_label("CSV or XLSX file").set_input_files(file)
    by_mouse(page, "Check the file")
    expect(page.get_by_text("Nothing is stored yet")).to_be_visible(timeout=2 * PATIENCE)

    by_mouse(page, "Import: 400 new")

    expect(page.get_by_role("progressbar")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("Imported: 400 new.")).to_be_visible(timeout=2 * PATIENCE)


def test_rows_are_chosen_and_edited_together_by_keyboard(
    empty_site: Site, page: Page, tmp_path: Path
) -> None:
    page.goto(IMPORT)
    page.get_by_label("CSV or XLSX file").set_input_files(members(tmp_path / "a.csv", wrong=False))
    by_mouse(page, "Check the file")
    by_mouse(page, "Import: 200 new")
    expect(page.get_by_text("Imported: 200 new.")).to_be_visible(timeout=PATIENCE)
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

    expect(page.get_by_text("Edited: 2 changed.")).to_be_visible(timeout=PATIENCE)


def test_a_list_is_made_ones_own_by_keyboard(site: Site, page: Page) -> None:
    page.goto("/admin/audit/auditentry/?q=signed")
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
    page.get_by_label("Name").fill("Sign-ins")
    assert violations(page) == []
    by_keyboard(page, "Save view")

    tab = page.get_by_role("link", name="Sign-ins")
    expect(tab).to_have_attribute("aria-current", "page")
    assert violations(page) == []
    page.set_viewport_size({"width": 390, "height": 900})
    assert not sticks_out(page)
