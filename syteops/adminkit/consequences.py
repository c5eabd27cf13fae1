"""The consequences of a deletion, on the page that asks before it.

To know them takes up to a second, where ten thousand others refer to the object. So the page is
there at once, and its script asks for the whole page beside it; without one a link leads there.
"""

from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.html import format_html

_WHOLE = "whole"
_TOLD = format_html("<span data-consequences>{}</span>", "What else happens then:")
LATER = format_html(
    '<span data-consequences="?{0}" role="status">Looking up what else happens then … '
    '<noscript><a href="?{0}">Show it</a></noscript></span>',
    _WHOLE,
)
"""The line in their place until they are known."""
_SCRIPT: Any = forms.Script("syteops/consequences.js", defer=True)
MEDIA = forms.Media(js=(_SCRIPT,))


def is_for_later(request: HttpRequest) -> bool:
    """Whether the page that is asked for does not wait for them."""
    return request.method == "GET" and _WHOLE not in request.GET


def lines_of(words: list[Any]) -> list[Any]:
    """What is known, for `unordered_list`; nothing where there are none."""
    return [_TOLD, words] if words else []
