"""For how long one person's pages may keep the server busy, and those of a stranger's address.

So whoever loads them in a loop, or many at once, stops nobody else. What is counted is the time
that they take, not how many there are: one that asks how far a job is takes a hundredth of a form
with 200 rows.
"""

import logging
from collections.abc import Callable, Iterator
from functools import partial
from time import monotonic
from typing import Any
from weakref import WeakKeyDictionary

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse

from syteops.core.addresses import lockout_address
from syteops.core.counters import CounterKind, counters, seconds_left
from syteops.core.plain_pages import plain_page
from syteops.lib.paths import ADMIN_PREFIX, is_for_tools

log = logging.getLogger(__name__)

Counter = tuple[CounterKind, str, int]
WINDOW = 60
MOST_STREAMS = 2
"""Exports that a process sends one person at the same time: each piece of one keeps it busy."""
LONG_PIECE = 0.5
"""Seconds from which on a piece of an export counts as a page does: others wait as long for it. All
variables of a full site are derived before there is the first one."""

_BESIDE = ("/readyz", "/uploads/")
"""What is asked by who watches the site, and for each picture of a page."""

_streams: WeakKeyDictionary[HttpResponseBase, str] = WeakKeyDictionary()
"""Those that are on their way, and whose they are."""


class PageBudgetMiddleware:
    """Answers 429 to whose pages took ADMIN_SECONDS_PER_MINUTE within this minute.

    All sessions of a person count together, and all strangers of an address: with links to some
    hundred long estimates, or wrong passwords. Takes no query: whose page it is was asked before.
    Exports that are sent in pieces take no part of it, but for a LONG_PIECE; of those each person
    has MOST_STREAMS. Nor does waiting for what is away, which is nobody's doing.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        most = settings.ADMIN_SECONDS_PER_MINUTE
        person = _whose(request) if most else ""
        if not person:
            return self.get_response(request)
        counter = (CounterKind.PAGES_OF_PERSON, person, WINDOW)
        if counters().read(*counter) >= most * 1000 and request.path != reverse("admin:logout"):
            return _refuse(request, person)
        began = monotonic()
        response = self.get_response(request)
        if not getattr(response, "waited_for_others", False):
            counters().add(*counter, max(int((monotonic() - began) * 1000), 1))
        if not response.streaming:
            return response
        streamed: Any = response
        streamed.streaming_content = _counted(streamed.streaming_content, counter)
        return _one_of_few(request, response, person)


def _whose(request: HttpRequest) -> str:
    """Who keeps the server busy: a person who has signed in, or an address; "" for tools."""
    path = request.path_info
    if is_for_tools(path) or path.startswith(_BESIDE):
        return ""
    may_be_somebody = settings.SESSION_COOKIE_NAME in request.COOKIES
    if path.startswith(ADMIN_PREFIX) and may_be_somebody and request.user.is_authenticated:
        return str(request.user.pk)
    return f"at {lockout_address(request)}"


def _counted(pieces: Iterator[bytes], counter: Counter) -> Iterator[bytes]:
    """The pieces, of which those count that take long to make."""
    while True:
        began = monotonic()
        piece = next(pieces, None)
        if (took := monotonic() - began) >= LONG_PIECE:
            counters().add(*counter, int(took * 1000))
        if piece is None:
            return
        yield piece


def _one_of_few(request: HttpRequest, response: HttpResponseBase, person: str) -> HttpResponseBase:
    """The export, unless so many of that person are on their way already."""
    if [*_streams.values()].count(person) >= MOST_STREAMS:
        texts = "Two exports of yours are still being sent.", "Begin this one when they are there."
        return plain_page(request.path_info, 429, "One after the other", *texts)
    _streams[response] = person
    response._resource_closers.append(partial(_streams.pop, response))  # type: ignore[attr-defined]
    return response


def _refuse(request: HttpRequest, person: str) -> HttpResponse:
    if counters().add(CounterKind.REFUSED_PAGES, f"{person} busy", WINDOW) == 1:
        log.warning("Pages for %s take too long together: refused for a while.", person)
    seconds = seconds_left(WINDOW)
    page = plain_page(
        request.path_info,
        429,
        "One moment, please",
        "These pages have kept the server busy for longer than one person or one address may, and "
        "others want to work, too. Nothing was stored.",
        f"Go back and try again in {seconds} s: what you typed should still be there.",
    )
    page.headers["Retry-After"] = str(seconds)
    return page
