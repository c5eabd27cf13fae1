"""The headers of an answer, taken as they are where they can be.

For each header that is set, looked for and sent, Django calls ten methods, which was a twentieth
of what a call of the API took.
"""

from collections.abc import ValuesView
from typing import Any

from django.http import HttpResponseBase
from django.http.response import ResponseHeaders


class QuickHeaders(ResponseHeaders):
    """Django's; whatever is more than a text of printable ASCII is left to Django to judge."""

    def __setitem__(self, key: Any, value: Any) -> None:
        if _can_be_sent(key) and _can_be_sent(value):
            self._store[key.lower()] = (key, value)
        else:
            super().__setitem__(key, value)

    def __contains__(self, key: Any) -> bool:
        return key.lower() in self._store

    def setdefault(self, key: str, value: Any) -> None:
        if key not in self:
            self[key] = value

    def get(self, key: str, default: Any = None) -> Any:
        return self._store.get(key.lower(), (key, default))[1]

    def items(self) -> ValuesView[tuple[str, str]]:  # type: ignore[override]
        return self._store.values()


def _can_be_sent(text: Any) -> bool:
    """Whether it needs no encoding and ends no line."""
    return type(text) is str and text.isascii() and text.isprintable()


def quicken(response: HttpResponseBase) -> None:
    """Let the answer take its further headers as they are."""
    response.headers.__class__ = QuickHeaders
