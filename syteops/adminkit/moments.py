"""Times as people read them: how long ago, with the exact time behind it; or exact at once.

Exact times are in the zone, and their dates in the language, of whoever looks at the page; both are
those of the team member with that login, else the site's. They always name their zone. What the
site itself counts by days, such as a period or the last day of an estimate, stays in its own zone.

`{% moment at %}` and `{% exact_moment at %}` are there in every template.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django import template
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.timesince import timesince, timeuntil

register = template.Library()

Preference = Callable[[], tuple[str, str]]
"""Tells a time zone and a language, each "" for the site's."""
_viewer: ContextVar[Preference | None] = ContextVar("viewer", default=None)


@contextmanager
def shown_to(preference: Preference) -> Iterator[None]:
    """Within it times are shown as somebody prefers, who is asked once, when the first one is."""
    token = _viewer.set(cache(preference))
    try:
        yield
    finally:
        _viewer.reset(token)


def ago(moment: datetime) -> str:
    """How long something is past, or how long it will take."""
    away = moment - timezone.now()
    if abs(away) < timedelta(minutes=1):
        return "just now" if away <= timedelta() else "in a moment"
    return f"{timesince(moment)} ago" if away < timedelta() else f"in {timeuntil(moment)}"


def in_full(moment: datetime) -> str:
    """To the second and with its zone, so that it can be compared with what other places say."""
    asked = _viewer.get()
    zone, language = asked() if asked else ("", "")
    local = timezone.localtime(moment, _zone(zone))
    with translation.override(_language(language)):
        day = date_format(local, "DATE_FORMAT")
    return f"{day}, {local:%H:%M:%S %Z}"


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError):  # of a former version of the database of zones
        return None


def _language(tag: str) -> str:
    try:
        return translation.get_supported_language_variant(tag.lower())
    except LookupError:
        return translation.get_language() or ""


@register.simple_tag
def moment(at: datetime | None, never: str = "never") -> str:
    """How long ago it was, with the exact time for whoever points at it."""
    return _time(at, ago, in_full) if at else never


@register.simple_tag
def exact_moment(at: datetime | None, never: str = "never") -> str:
    """The exact time, where the order of things matters."""
    return _time(at, in_full, ago) if at else never


def _time(at: datetime, shown: Callable[[datetime], str], behind: Callable[[datetime], str]) -> str:
    markup, iso = '<time datetime="{}" title="{}">{}</time>', at.isoformat(timespec="seconds")
    return format_html(markup, iso, behind(at), shown(at))
