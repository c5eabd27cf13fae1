"""Three ways to work a page: with a mouse, with the keyboard alone, with a finger on a telephone.

A walk is written once in terms of a `Hand`. Each way does only what a person can do that way, and
fails where the page makes that hard.
"""

import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar

from playwright.sync_api import ElementHandle, Locator, Page, expect

from tests.browser.conftest import sticks_out
from tests.browser.test_accessibility import violations
from tests.waiting import PATIENCE

_MANY = 40
"""Presses of one key to get somewhere: with more of them a person gives up."""
_SMALL = 24
"""Pixels: what is smaller is missed by a finger (WCAG 2.2, 2.5.8)."""
_WHERE = """one => {
    const at = document.activeElement;
    if (at === one) return 0;
    return at.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_PRECEDING ? -1 : 1;
}"""
_WAY_IN = """one => document.activeElement === document.body
    && Boolean(document.querySelector("#content-start")?.closest("main").contains(one))"""
_ENTRY = """one => {
    const group = one.type === "radio" ? [...document.getElementsByName(one.name)] : [one];
    return group.find((each) => each.checked) ?? group.find((each) => each.tabIndex >= 0)
        ?? one.closest("table").querySelector("input[tabindex='0']");
}"""
_ARROW = """one => {
    const [at, to] = [document.activeElement, one].map((each) => each.getBoundingClientRect());
    if (document.activeElement === one) return "";
    if (Math.abs(to.top - at.top) > 4) return to.top > at.top ? "ArrowDown" : "ArrowUp";
    return to.left > at.left ? "ArrowRight" : "ArrowLeft";
}"""
_IS_SEEN = """one => {
    const box = one.getBoundingClientRect();
    const [x, y] = [box.left + Math.min(box.width / 2, 40), box.top + Math.min(box.height / 2, 20)];
    const on_top = document.elementFromPoint(x, y);
    const shown = Boolean(on_top) && (one.contains(on_top) || Boolean(on_top.contains(one))
        || [...one.labels ?? []].some((label) => label.contains(on_top)));
    const around = [one.parentElement, one.parentElement.parentElement, one.closest(".select2")];
    const marked = [one, ...around].some((each) => {
        const style = each && getComputedStyle(each);
        return style && style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0
            || each === one && style.boxShadow !== "none";
    });
    return {shown, marked};
}"""


class Hand(ABC):
    """Works the controls of one page. Whoever calls says what is worked, never how."""

    options: ClassVar[dict[str, Any]] = {"viewport": {"width": 1440, "height": 900}}
    """Of the browser's profile."""

    def __init__(self, page: Page) -> None:
        self.page = page

    @abstractmethod
    def press(self, control: Locator) -> None:
        """Work a button or a link that leaves the page as it is, but for what it shows."""

    @abstractmethod
    def write(self, field: Locator, text: str) -> None:
        """Make the text of a field this one."""

    @abstractmethod
    def choose(self, select: Locator, option: str) -> None:
        """Choose by what is shown."""

    @abstractmethod
    def tick(self, box: Locator) -> None:
        """Tick a box or a radio button."""

    @abstractmethod
    def untick(self, box: Locator) -> None:
        """Take the tick away."""

    @abstractmethod
    def pick(self, field: Locator, text: str, option: Locator) -> None:
        """Choose in a field that searches for what is typed."""

    @abstractmethod
    def find(self, text: str) -> None:
        """Search everywhere, and open what is found first."""

    @abstractmethod
    def open_menu(self) -> None:
        """Make the entries of the sidebar reachable."""

    def go(self, control: Locator) -> None:
        """Work what leads to another page, and wait until that can be used."""
        with self.page.expect_navigation(wait_until="domcontentloaded"):
            self.press(control)
        self.arrive()

    def follow_menu(self, entry: str) -> None:
        """Open a page of the sidebar."""
        self.open_menu()
        self.go(self.page.locator("#nav-sidebar").get_by_role("link", name=entry, exact=True))

    def act(self, action: str) -> None:
        """Follow one of the page's own actions, beside its title."""
        self.go(self.page.locator("main").get_by_role("link", name=action, exact=True))

    def attach(self, control: Locator, file: Path) -> None:
        """Choose a file of this machine."""
        with self.page.expect_file_chooser() as chooser:
            self.press(control)
        chooser.value.set_files(file)

    looks: ClassVar[bool] = False

    def look(self) -> None:
        """See that nothing on the page stops a person with a disability: on a telephone, in the
        dark, where most goes wrong. Of the other looks `test_accessibility` sees enough."""
        found = violations(self.page) if self.looks else []
        assert not found, found

    def open(self, address: str) -> None:
        """By typing the address, or from a link in a mail."""
        self.page.goto(address, wait_until="domcontentloaded")
        self.arrive()

    def arrive(self) -> None:
        """Wait until the theme's scripts have run: before that a page takes no keys."""
        self.page.wait_for_function("() => !document.documentElement.hasAttribute('x-cloak')")
        # Icons have their size then. Asked so, for a page that tells of progress may lead on.
        self.page.wait_for_function("() => document.fonts.status === 'loaded'")


class Mouse(Hand):
    """Clicks. Playwright does so only where nothing lies above the control."""

    def press(self, control: Locator) -> None:
        control.click()

    def write(self, field: Locator, text: str) -> None:
        self.press(field)
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.type(text)

    def choose(self, select: Locator, option: str) -> None:
        select.select_option(option)  # a list of the browser's own, in which no test can click

    def tick(self, box: Locator) -> None:
        self.press(box)
        expect(box).to_be_checked()

    def untick(self, box: Locator) -> None:
        self.press(box)
        expect(box).not_to_be_checked()

    def pick(self, field: Locator, text: str, option: Locator) -> None:
        self.press(field)
        self.page.keyboard.type(text)
        self.press(option)

    def find(self, text: str) -> None:
        self.press(self.page.get_by_role("button", name="Search", exact=False).first)
        expect(self.page.locator("#search-input-command")).to_be_focused()
        self.page.keyboard.type(text)
        expect(self.page.locator("#command-results-list").get_by_role("link").first).to_be_visible()
        self.look()
        self.go(self.page.locator("#command-results-list").get_by_role("link", name=text).first)

    def open_menu(self) -> None:
        """It is always there."""


class Touch(Mouse):
    """Taps, on what is large enough, on a page that needs no scrolling to the side."""

    options: ClassVar[dict[str, Any]] = {
        "viewport": {"width": 390, "height": 844},
        "is_mobile": True,
        "has_touch": True,
        "color_scheme": "dark",
    }
    looks = True

    def press(self, control: Locator) -> None:
        control.scroll_into_view_if_needed()
        box = control.bounding_box()
        assert box is not None, "it is not there"
        label = control.locator("xpath=ancestor::label")
        if label.count() and (around := label.first.bounding_box()):
            box = around  # takes taps as well
        sizes = box["width"], box["height"]
        assert min(sizes) >= _SMALL, f"{control} is too small for a finger: {sizes}"
        assert box["x"] >= 0, f"{control} sticks out"
        assert box["x"] + box["width"] <= 390, f"{control} sticks out"
        control.tap()

    def open_menu(self) -> None:
        self.press(self.page.get_by_role("button", name="Menu", exact=True))

    def act(self, action: str) -> None:
        """In the menu of actions, for which alone there is room."""
        self.press(self.page.locator("main").get_by_role("link", name="More", exact=True))
        super().act(action)

    def arrive(self) -> None:
        super().arrive()
        assert not sticks_out(self.page), f"{self.page.url} sticks out"


class Keyboard(Hand):
    """Tab, arrows, Enter, Space and letters; and the focus must be seen wherever it is."""

    def reach(self, control: Locator | ElementHandle) -> None:
        """Go there by Tab, past the sidebar by the link that leads past it."""
        if control.evaluate(_WAY_IN):
            self._key("Tab", "Enter")
        for _ in range(_MANY):
            direction = control.evaluate(_WHERE)
            if direction == 0:
                self._see(control)
                return
            self._key("Tab" if direction > 0 else "Shift+Tab")
        raise AssertionError(f"{control} is more than {_MANY} presses of Tab away")

    def press(self, control: Locator) -> None:
        self.reach(control)
        self._key("Enter")

    def write(self, field: Locator, text: str) -> None:
        self.reach(field)
        self._key("ControlOrMeta+a")
        self.page.keyboard.type(text)

    def choose(self, select: Locator, option: str) -> None:
        self.reach(select)
        self.page.keyboard.type(option.split()[0])  # a blank would open the list
        expect(select.locator("option:checked")).to_have_text(option)

    def tick(self, box: Locator) -> None:
        """By the arrows from where Tab leads, in a group that is one stop."""
        self.reach(box.evaluate_handle(_ENTRY).as_element() or box)
        for _ in range(_MANY):
            if not (arrow := box.evaluate(_ARROW)):
                break
            self._key(arrow)
        self._see(box)
        if not box.is_checked():
            self._key("Space")
        expect(box).to_be_checked()

    def untick(self, box: Locator) -> None:
        self.reach(box)
        self._key("Space")
        expect(box).not_to_be_checked()

    def pick(self, field: Locator, text: str, option: Locator) -> None:
        self.reach(field)
        self.page.keyboard.type(text)
        expect(option).to_be_visible()
        self._key("Enter")

    def find(self, text: str) -> None:
        self._key("/")
        expect(self.page.locator("#search-input-command")).to_be_focused()
        self.page.keyboard.type(text)
        with self.page.expect_navigation(wait_until="domcontentloaded"):
            self._key("Enter")
        self.arrive()

    def open_menu(self) -> None:
        """It comes first on each page."""

    def _key(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def _see(self, control: Locator | ElementHandle) -> None:
        """Soon: what lay over it may still be fading out, and a person waits for that as well."""
        end = time.monotonic() + PATIENCE
        while not all((seen := control.evaluate(_IS_SEEN)).values()) and time.monotonic() < end:
            self.page.wait_for_timeout(50)
        assert seen["marked"], f"one does not see that {control} has the focus"
        assert seen["shown"], f"{control} has the focus where one does not see it"


HANDS: dict[str, type[Hand]] = {
    "by mouse": Mouse,
    "by keyboard": Keyboard,
    "on a telephone": Touch,
}


# --- Finding what to use ------------------------------------------------------------------------


def link(within: Hand | Locator, name: Any, **options: Any) -> Locator:
    return _within(within).get_by_role("link", name=name, **options)


def button(within: Hand | Locator, name: Any, **options: Any) -> Locator:
    return _within(within).get_by_role("button", name=name, **options)


def field(hand: Hand, name: Any, **options: Any) -> Locator:
    return hand.page.get_by_role("textbox", name=name, **options)


def box(hand: Hand, name: Any, **options: Any) -> Locator:
    return hand.page.get_by_role("checkbox", name=name, **options)


def shown(hand: Hand, label: str) -> Locator:
    """Of the fields that are so called the one that is there: a form keeps rows to be copied."""
    return hand.page.get_by_label(label).filter(visible=True)


def _within(within: Hand | Locator) -> Locator:
    return within.page.locator("main") if isinstance(within, Hand) else within


def sign_in(hand: Hand, name: str, password: str) -> None:
    hand.write(field(hand, "Username"), name)
    hand.write(hand.page.get_by_label("Password", exact=False).first, password)
    hand.go(button(hand, "Log in"))
