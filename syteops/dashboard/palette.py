"""The command palette: one search over records, pages, settings and actions."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

from syteops.adminkit.palette import MAX_LENGTH as MAX_LENGTH
from syteops.adminkit.palette import Found, InPalette, Wanted
from syteops.dashboard.sidebar import icon_of, navigation
from syteops.guides import library

_OWN_PAGES = (
    ("Change your password", "password", "admin:password_change"),
    ("Two-step sign-in", "phonelink_lock", "admin:second_factor"),
    ("Guides", "help", "admin:guides"),
    ("Interactive API documentation", "terminal", "manage-api-docs"),
)

# Of the account menu: title, icon, and what is pressed; and what else people call it.
_SWITCH = """[x-on\\:click="switchTheme('{}')"]"""
_DOINGS = (
    ("Log out", "logout", "#logout-form button", "sign out log off"),
    ("Light theme", "light_mode", _SWITCH.format("light"), "switch mode bright"),
    ("Dark theme", "dark_mode", _SWITCH.format("dark"), "switch mode night"),
    ("Theme of the system", "computer", _SWITCH.format("auto"), "switch mode automatic"),
)


def find(request: HttpRequest, text: str) -> list[Found]:
    """What of the admin fits the text and is this person's to open.

    Pages come first, and what has the words in its title before what has them elsewhere.
    """
    wanted = Wanted.of(text)
    if not wanted.words:
        return []
    found = [*_pages(request, wanted), *_of_admins(request, wanted), *_guides(wanted)]
    return sorted(found, key=lambda one: (one.is_last, not wanted.fits(one.title)))


def _pages(request: HttpRequest, wanted: Wanted) -> Iterator[Found]:
    for group in navigation(request):
        name = group.get("title", "Page")
        for item in group["items"]:
            if wanted.fits(item["title"], name):
                yield Found(item["title"], name, item["link"], item["icon"])
    for title, icon, url_name in _OWN_PAGES:
        if wanted.fits(title):
            yield Found(title, "Page", reverse(url_name), icon)
    for title, icon, presses, called in _DOINGS:
        if wanted.fits(title, called):
            yield Found(title, "Action", "#", icon, presses=presses)


def _guides(wanted: Wanted) -> Iterator[Found]:
    if library.search(wanted.text, at_most=1):
        title, query = f"Guides about “{wanted.text.strip()}”", urlencode({"q": wanted.text})
        yield Found(title, "Guides", f"{reverse('admin:guides')}?{query}", "help", is_last=True)


def _of_admins(request: HttpRequest, wanted: Wanted) -> Iterator[Found]:
    for app in admin.site.get_app_list(request):
        for shown in app["models"]:
            page: Any = admin.site._registry[shown["model"]]
            if shown["admin_url"] and isinstance(page, InPalette):
                yield from page.palette(request, wanted, icon_of(shown["model"]))
