"""The cells of a list, each with the name of its column: on a phone a row is a card of such lines.

`{% cells row headers %}` is there in every template.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst

register = template.Library()

_OPENING = re.compile(r'<(t[dh][^>]*?)(?: data-label="[^"]*")?>')
"""The beginning of a cell. One version of the theme names the column in it, the other does not."""


@register.simple_tag
def cells(row: Iterable[SafeString], headers: Iterable[Mapping[str, Any]]) -> SafeString:
    """The cells as the theme has made them, with `data-label`."""
    named = (_named(cell, header) for cell, header in zip(row, headers, strict=False))
    return mark_safe("".join(named))  # noqa: S308 - the theme's, and an escaped name


def _named(cell: str, header: Mapping[str, Any]) -> str:
    if "action-checkbox" in str(header["class_attrib"]):  # whose header is a box, and no name
        return cell
    label = escape(capfirst(str(header["text"])))
    return _OPENING.sub(lambda found: f'<{found[1]} data-label="{label}">', cell, count=1)
