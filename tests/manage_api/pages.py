"""The admin as a browser sees it: every page that links lead to, and the forms on them."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

from django.contrib.admin import site
from django.http import HttpResponse
from django.test import Client
from django.urls import NoReverseMatch, reverse

ENDS_THE_SESSION = ("/logout/", "/jsi18n/", "/autocomplete/")


@dataclass
class Form:
    """A form with the values that a browser would send back, and something in what it requires."""

    action: str
    method: str
    values: dict[str, Any] = field(default_factory=dict)
    passwords: list[str] = field(default_factory=list)


class Page(HTMLParser):
    """Links and forms of one page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.forms: list[Form] = []
        self._textarea: str | None = None
        self._select: str | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "a" and given.get("href"):
            self.links.add(str(given["href"]))
        elif tag == "form":
            method = str(given.get("method") or "get").lower()
            self.forms.append(Form(str(given.get("action") or ""), method))
        elif self.forms and given.get("name"):
            self._field(tag, given)
        elif tag == "option" and self._select and "selected" in given:
            self.forms[-1].values.setdefault(self._select, []).append(given.get("value") or "")

    def _field(self, tag: str, given: dict[str, str | None]) -> None:
        name, kind = str(given["name"]), str(given.get("type") or "text").lower()
        form = self.forms[-1]
        if tag == "textarea":
            self._textarea = name
            form.values[name] = ""
        elif tag == "select":
            self._select = name
        elif tag == "input" and kind == "password":
            form.passwords.append(name)
        elif tag == "input" and kind == "hidden" and name in form.values:
            # One of several of that name, as for what a list held when the form was opened.
            held = form.values[name]
            form.values[name] = [*(held if isinstance(held, list) else [held]), given["value"]]
        elif tag == "input" and (kind not in ("checkbox", "radio", "submit", "file")):
            needed = "https://api.example.com/v1" if name.endswith("url") else "x"
            form.values[name] = given.get("value") or (needed if "required" in given else "")
        elif tag == "input" and "checked" in given:
            form.values[name] = given.get("value") or "on"

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self.forms[-1].values[self._textarea] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._textarea:
            values = self.forms[-1].values  # the first line break in it is none
            values[self._textarea] = values[self._textarea].removeprefix("\r").removeprefix("\n")
            self._textarea = None
        elif tag == "select":
            self._select = None


def crawl(client: Client, most: int = 600) -> Iterator[tuple[str, Any, list[Form]]]:
    """Every page that can be reached from the start page and from each stored object, and its
    forms."""
    waiting = ["/admin/", *object_pages()]
    seen: set[str] = set()
    while waiting and len(seen) < most:
        path = waiting.pop(0)
        if path in seen:
            continue
        seen.add(path)
        response: Any = client.get(path)
        if response.streaming:  # a download
            headers = dict(response.headers)
            response = HttpResponse(
                response.getvalue(), status=response.status_code, headers=headers
            )
        is_page = "html" in response.headers.get("Content-Type", "")
        page = Page(response.content.decode() if is_page else "")
        yield path, response, page.forms
        waiting += sorted(_inside(path, page.links) - seen)


def _inside(path: str, links: set[str]) -> set[str]:
    found = set()
    for link in links:
        parts = urlsplit(urljoin(path, link))
        is_ours = not parts.netloc and parts.path.startswith("/admin/")
        if is_ours and not any(end in parts.path for end in ENDS_THE_SESSION):
            found.add(parts.path)
    return found


def object_pages() -> Iterator[str]:
    """Change, history and delete page of each object of each registered model."""
    for model in site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        for pk in model._base_manager.values_list("pk", flat=True)[:20]:
            for page in ("change", "history", "delete"):
                with suppress(NoReverseMatch):  # not every model has all of them
                    yield reverse(f"{name}_{page}", args=[pk])


def linked_forms(client: Client) -> Iterator[tuple[str, list[Form]]]:
    """The pages to add and to change something that each list leads to, and their forms."""
    for model in site._registry:
        path = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        links = Page(client.get(path).content.decode()).links
        to_forms = [one for one in _inside(path, links) if one.endswith(("/add/", "/change/"))]
        for one in sorted(to_forms)[:10]:
            yield one, Page(client.get(one).content.decode()).forms
