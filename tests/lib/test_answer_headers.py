"""Headers that are taken as they are, beside what Django makes of the same."""

from typing import Any

import pytest
from django.http import HttpResponse
from django.http.response import BadHeaderError, ResponseHeaders
from django.utils.safestring import mark_safe

from syteops.lib.answer_headers import QuickHeaders, quicken

VALUES = [
    "", "no-store", "a b~!", 'W/"1"', 7, None, b"bytes", mark_safe("marked"), "tab\there",
    "é", "€", "line\nX-Other: 1", "line\rX-Other: 1", "end\r\n", b"bytes\n", "\u2028", "€\n",
    "\0", "\x7f",
]  # fmt: skip
NAMES = ["X-One", "x-one", "Naïve", "X One", "X\nOne", b"X-Bytes"]


def kept(kind: type[ResponseHeaders], name: Any, value: Any) -> Any:
    """What the headers have after that one was set, or why it was not."""
    headers = kind({"Vary": "Cookie"})
    try:
        headers[name] = value
    except (BadHeaderError, UnicodeError) as error:
        return type(error)
    return list(headers.items())


def test_a_header_is_taken_and_refused_as_django_does_it() -> None:
    for name in NAMES:
        for value in VALUES:
            assert kept(QuickHeaders, name, value) == kept(ResponseHeaders, name, value)
    with pytest.raises(BadHeaderError):
        QuickHeaders({})["X-One"] = "line\nX-Other: 1"


def test_headers_are_found_in_any_case_and_sent_in_their_own() -> None:
    response = HttpResponse("", "text/plain", headers={"X-One": "1"})
    quicken(response)
    response.headers.setdefault("x-ONE", "2")
    response.headers.setdefault("X-Two", "2")
    response["VARY"] = "Cookie"
    del response["content-type"]

    assert "X-ONE" in response.headers
    assert "X-Three" not in response.headers
    found = [response.headers.get(name) for name in ("x-one", "x-two", "x-three", "Vary")]
    assert found == ["1", "2", None, "Cookie"]
    assert list(response.items()) == [("X-One", "1"), ("X-Two", "2"), ("VARY", "Cookie")]
    assert dict(response.headers) == dict(response.items())
