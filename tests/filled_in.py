"""What a browser sends of a form that nobody has touched: by the page, and not by Django's fields.

How it reads values is in the HTML standard: 4.10.5.1 (value sanitization), 4.10.11 (`textarea`) and
4.10.21.4 (line breaks of what is sent).
"""

import re
from html.parser import HTMLParser
from typing import Any

from syteops.adminkit.merging import MARK

_NUMBER = re.compile(r"-?(\d+(\.\d+)?|\.\d+)([eE][-+]?\d+)?")
_DAY = re.compile(r"\d{4,}-\d\d-\d\d")
_UNSENT = {"submit", "button", "image", "reset", "file"}


class _Page(HTMLParser):
    """The inputs of the form that carries what it held."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.sent: dict[str, list[str]] = {}
        self._form: dict[str, list[str]] | None = None
        self._area, self._text = "", ""
        self._select: tuple[str, bool, list[tuple[str, bool]]] | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        found = {name: value or "" for name, value in attrs}
        name = found.get("name", "")
        if tag == "form":
            self._form = {}
        elif tag == "option" and self._select:
            self._select[2].append((found.get("value", ""), "selected" in found))
        elif "disabled" in found or not name:
            return
        elif tag == "input":
            self._take_input(name, found)
        elif tag == "textarea":
            self._area, self._text = name, ""
        elif tag == "select":
            self._select = (name, "multiple" in found, [])

    def handle_data(self, data: str) -> None:
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._area:
            self._take(self._area, _lines(self._text).removeprefix("\n"))
            self._area = ""
        elif tag == "select" and self._select:
            name, is_multiple, options = self._select
            chosen = [value for value, is_selected in options if is_selected]
            shown = chosen if is_multiple else chosen[-1:] or [value for value, _ in options[:1]]
            for one in shown:
                self._take(name, one)
            self._select = None
        elif tag == "form":
            if self._form and MARK in self._form:
                self.sent = self._form
            self._form = None

    def _take_input(self, name: str, found: dict[str, str]) -> None:
        kind = found.get("type", "text").lower()
        if kind in ("checkbox", "radio"):
            if "checked" in found:
                self._take(name, found.get("value", "on"))
        elif kind not in _UNSENT:
            self._take(name, _read(kind, found.get("value", "")))

    def _take(self, name: str, value: str) -> None:
        if self._form is not None:
            self._form.setdefault(name, []).append(_lines(value).replace("\n", "\r\n"))


def _lines(text: str) -> str:
    return re.sub("\r\n?", "\n", text)


def _read(kind: str, value: str) -> str:
    if kind == "hidden":
        return value
    line = re.sub("[\r\n]", "", value)
    if kind in ("url", "email"):
        return line.strip(" \t\f")
    if kind == "color":
        return line.lower() if re.fullmatch("#[0-9a-fA-F]{6}", line) else "#000000"
    allowed = {"number": _NUMBER, "date": _DAY}.get(kind)
    return line if allowed is None or allowed.fullmatch(line) else ""


def filled_in(html: str) -> dict[str, list[str]]:
    """By name what the form on the page would send."""
    return _Page(html).sent
