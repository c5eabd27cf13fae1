"""Every page of the admin, as whoever may see everything finds them: by their links.

Of many alike, such as the forms of all members, one is visited: the first that a link leads to.
"""

import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import unescape
from typing import Any
from urllib.parse import urlsplit

from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import ResolverMatch, resolve, reverse

from tests.isolation import forget_calls

START = "/admin/"
NO_PAGES = re.compile(
    r"logout|jsi18n|app_list|.*_(export|export_csv|export_jsonl|pdf)"  # files, and signing out
)
_ONE_OF_MANY = re.compile("pk|public_id|upload_id|job_id|task_id|uid|key")
_LINK = re.compile(r'<a\s(?:[^>"]|"[^"]*")*?\bhref="([^"]+)"')
_AN_ID = re.compile(r"\d+|[0-9a-f-]{36}")


@dataclass(frozen=True)
class Visited:
    """What a page took, how long it is, and the statements that it ran."""

    path: str
    seconds: float
    size: int
    statements: tuple[str, ...]

    @property
    def queries(self) -> int:
        return len(self.statements)

    @property
    def name(self) -> str:
        """Short, for a table."""
        short = re.sub(r"/(\d+|[0-9a-f-]{36})(?=/)", "/…", self.path)
        return short.removeprefix("/admin")


def every_page(client: Client, but: str = "(?!)") -> Iterator[Visited]:
    """Each page once: those that a link leads to, and the searches and last pages of lists.

    Left out are those in whose addresses `but` is found, and what only they lead to.
    """
    waiting, seen = [START, *_further()], set()
    while waiting:
        path = waiting.pop(0)
        kind = _kind(path)
        if kind in seen or re.search(but, path) or NO_PAGES.fullmatch(str(_match(path).url_name)):
            continue
        seen.add(kind)
        visited, links = visit(client, path)
        if visited:
            yield visited
        waiting += links


def visit(client: Client, path: str) -> tuple[Visited | None, list[str]]:
    """What the page took, if it is one and leads nowhere else; and where it leads."""
    forget_calls()
    began = time.perf_counter()
    with CaptureQueriesContext(connection) as asked:
        answer: Any = client.get(path)
        content = answer.getvalue()
    seconds = time.perf_counter() - began
    if answer.status_code == 302:
        return None, _paths([answer["Location"]])
    assert answer.status_code == 200, f"{path}: {answer.status_code} {content[:300]!r}"
    statements = tuple(one["sql"] for one in asked.captured_queries)
    links = _links(content.decode()) if "html" in answer["Content-Type"] else []
    return Visited(path, seconds, len(content), statements), _paths(links)


def unvisited(visited: Iterable[Visited]) -> set[str]:
    """The names of the admin's addresses that lead to none of these."""
    names = {name for one in admin.site.urls[0] for name in _names_in(one)}
    found = {_match(one.path).url_name for one in visited}
    return {one for one in names - found if not NO_PAGES.fullmatch(one)}


def _names_in(pattern: Any) -> Iterator[str]:
    if hasattr(pattern, "url_patterns"):
        for one in pattern.url_patterns:
            yield from _names_in(one)
    elif pattern.name:
        yield pattern.name


def _further() -> Iterator[str]:
    """What no link leads to, for it is typed or comes from a script."""
    yield from (f"{START}search/?s=ada", f"{START}search/?s=launch")
    for model, page in admin.site._registry.items():
        app, name = model._meta.app_label, model._meta.model_name
        path = reverse(f"admin:{app}_{name}_changelist")
        if page.search_fields:
            yield from (f"{path}?q=ada", f"{path}?q=launch", f"{path}?q=hosting")
        yield f"{path}?p=2"
        for field in page.autocomplete_fields:
            where = f"app_label={app}&model_name={name}&field_name={field}"
            yield f"{START}autocomplete/?term=ada&{where}"


def _links(page: str) -> list[str]:
    """By their text: to parse each page as a browser does took a tenth of the time."""
    return [unescape(one) for one in _LINK.findall(page)]


def _paths(links: Iterable[str]) -> list[str]:
    """Those within the admin, without what they narrow down."""
    return [urlsplit(one).path for one in links if one.startswith(START)]


def _match(path: str) -> ResolverMatch:
    return resolve(urlsplit(path).path)


def _kind(path: str) -> tuple[Any, ...]:
    """The same for pages that look alike."""
    match = _match(path)
    told = [
        value
        for name, value in match.kwargs.items()
        if not (_ONE_OF_MANY.fullmatch(name) or _AN_ID.fullmatch(str(value)))
    ]
    return match.url_name, *told, urlsplit(path).query
