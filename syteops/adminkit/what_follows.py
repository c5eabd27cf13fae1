"""What follows from a deletion, on the page that asks before it.

To know it takes up to a second, where ten thousand others refer to the object. So the page is there
at once, and its script asks for the whole page beside it; without a script a link leads there.
"""

from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.html import format_html

_WHOLE = "whole"
_TOLD = format_html("<span data-follows>{}</span>", "What follows from that:")
LATER = format_html(
    '<span data-follows="?{0}" role="status">Looking what follows from that … '
    '<noscript><a href="?{0}">Show it</a></noscript></span>',
    _WHOLE,
)
"""The line in its place until it is known."""
_SCRIPT: Any = forms.Script("syteops/what_follows.js", defer=True)
MEDIA = forms.Media(js=(_SCRIPT,))


def is_for_later(request: HttpRequest) -> bool:
    """Whether the page that is asked for does not wait for it."""
    return request.method == "GET" and _WHOLE not in request.GET


def lines_of(words: list[Any]) -> list[Any]:
    """What is known, for `unordered_list`; nothing where nothing follows."""
    return [_TOLD, words] if words else []
