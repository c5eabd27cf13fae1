"""Lists on a telephone: each row is a card that fits, whichever version of the theme there is.

The pages are made here and handed to the browser, so that no server has to run: this is tested with
both versions.
"""

import re
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, Route, sync_playwright

from benchmarks.records import fill
from tests.browser.conftest import ARGUMENTS, CHROMIUM

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed."),
]
HOME = "http://lists.example"
LIST = re.compile(r'<div class="so-list.*?</table>\s*</div>', re.S)
SHOW = "html => { document.querySelector('.so-list').outerHTML = html; }"
LOOK = r"""() => {
    const box = (one) => one.getBoundingClientRect();
    const heads = [...document.querySelectorAll("#result_list thead th")];
    return [...document.querySelectorAll("#result_list .data-row")].map((row) => {
        const cells = [...row.children].filter((one) => !one.matches(".action-checkbox"));
        return {
            labels: cells.map((one) => getComputedStyle(one, "::before").content.slice(1, -1)),
            heads: heads.filter((one) => !one.matches(".action-checkbox-column"))
                .map((one) => one.querySelector(".text").textContent.trim()),
            below: cells.every((one, at) => !at || box(one).top >= box(cells[at - 1]).bottom - 1),
            beside: cells.every((one) => box(one).top === box(cells[0]).top),
            fits: [row, ...cells].map(box).every((one) => one.left >= 0 && one.right <= innerWidth),
        };
    });
}"""


def lists(client: Client) -> dict[str, str]:
    """The page of each list that shows something, by its address."""
    names = (f"{one._meta.app_label}_{one._meta.model_name}" for one in admin.site._registry)
    pages = {at: client.get(at) for at in (reverse(f"admin:{one}_changelist") for one in names)}
    html = {at: one.content.decode() for at, one in pages.items() if one.status_code == 200}
    return {at: text for at, text in html.items() if LIST.search(text)}


def answer(pages: dict[str, str]) -> Any:
    """Answers the browser as the site would."""

    def handle(route: Route) -> None:
        path = route.request.url.removeprefix(HOME).partition("?")[0]
        is_static = path.startswith("/static/")
        if is_static and (found := finders.find(path.removeprefix("/static/"))):
            route.fulfill(path=found)
        else:
            route.fulfill(body=pages.get(path, ""), content_type="text/html; charset=utf-8")

    return handle


def look(page: Page, html: str) -> list[dict[str, Any]]:
    found = LIST.search(html)
    assert found
    page.evaluate(SHOW, found[0])
    rows: list[dict[str, Any]] = page.evaluate(LOOK)
    assert rows
    return rows


def test_rows_are_cards_on_a_telephone_and_lines_of_a_table_elsewhere(page: Client) -> None:
    fill(1, 3)
    pages = lists(page)
    assert len(pages) > 15
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        shown = chromium.new_page(viewport={"width": 390, "height": 844})
        shown.route("**/*", answer(pages))
        shown.goto(HOME + next(iter(pages)))
        shown.locator("#result_list").wait_for()
        cards = {address: look(shown, html) for address, html in pages.items()}
        shown.set_viewport_size({"width": 1440, "height": 900})
        tables = {address: look(shown, html) for address, html in pages.items()}
        chromium.close()
    for address, rows in cards.items():
        for row in rows:
            assert row["below"], address
            assert row["fits"], address
            assert row["labels"][1:] == row["heads"][1:], address
    assert [at for at, rows in tables.items() for row in rows if not row["beside"]] == []
