"""Times as people read them: how long ago, with the exact time behind it; or exact at once.

`{% moment at %}` and `{% exact_moment at %}` are there in every template.
"""

from datetime import datetime, timedelta

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.timesince import timesince, timeuntil

register = template.Library()


def ago(moment: datetime) -> str:
    """How long something is past, or how long it will take."""
    away = moment - timezone.now()
    if abs(away) < timedelta(minutes=1):
        return "just now" if away <= timedelta() else "in a moment"
    return f"{timesince(moment)} ago" if away < timedelta() else f"in {timeuntil(moment)}"


def in_full(moment: datetime) -> str:
    """To the second and with its zone, so that it can be compared with what other places say."""
    local = timezone.localtime(moment)
    return f"{date_format(local, 'DATE_FORMAT')}, {local:%H:%M:%S %Z}"


@register.simple_tag
def moment(at: datetime | None, never: str = "never") -> str:
    """How long ago it was, with the exact time for whoever points at it."""
    if at is None:
        return never
    iso, full = at.isoformat(timespec="seconds"), in_full(at)
    return format_html('<time datetime="{}" title="{}">{}</time>', iso, full, ago(at))


@register.simple_tag
def exact_moment(at: datetime | None, never: str = "never") -> str:
    """The exact time, where the order of things matters."""
    if at is None:
        return never
    iso, full = at.isoformat(timespec="seconds"), in_full(at)
    return format_html('<time datetime="{}" title="{}">{}</time>', iso, ago(at), full)
