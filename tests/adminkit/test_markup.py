"""Fields look as Django's and the theme's own templates make them; ours are only faster."""

import re
from typing import Any

import pytest
import unfold.widgets
from django.forms import widgets
from django.forms.renderers import DjangoTemplates, get_default_renderer
from django.forms.widgets import Widget
from django.utils.safestring import mark_safe
from unfold.exceptions import UnfoldException

HOSTILE = """<b a='1'>"&"""
ATTRS = {
    "id": "here", HOSTILE: HOSTILE, "kept": mark_safe("&amp;"),
    "required": True, "hidden": False, "none": None, "count": 1000,
}  # fmt: skip
CHOICES = [
    ("", "---"), (True, "On"), (1000, HOSTILE), (HOSTILE, 1000),
    (HOSTILE, [("inner", mark_safe("<i>kept</i>")), (None, "None")]),
]  # fmt: skip
VALUES = (None, "", HOSTILE, True, 1000, ["inner", HOSTILE])


def every_widget() -> list[type[Widget]]:
    found = {**vars(widgets), **vars(unfold.widgets)}.values()
    return [one for one in found if isinstance(one, type) and issubclass(one, Widget)]


def made(kind: type[Widget]) -> Widget | None:
    """One of these with all that may be said of it; `None` if it needs what is not there."""
    try:
        shown = kind(attrs=ATTRS)
    except (TypeError, UnfoldException):
        return None
    if hasattr(shown, "choices"):
        shown.choices = CHOICES
    return shown


def dense(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"\s*([<>])\s*", r"\1", html))


def rendered(shown: Widget, value: Any, renderer: Any) -> str:
    try:
        return dense(shown.render("name", value, renderer=renderer))
    except Exception as error:  # noqa: BLE001 - abstract ones, values that one never gets: alike
        return repr(error)


@pytest.mark.filterwarnings("ignore:Unfold.* is deprecated")
def test_every_widget_looks_as_before() -> None:
    ours, stock, seen = get_default_renderer(), DjangoTemplates(), set()
    for shown in filter(None, map(made, every_widget())):
        for value in VALUES:
            html = rendered(shown, value, ours)
            assert html == rendered(shown, value, stock), (type(shown), value)
            seen |= set(re.findall(r"<(\w+)", html))
    assert seen >= {"input", "select", "optgroup", "option", "textarea", "label"}
