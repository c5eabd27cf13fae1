"""Forms in parts whose heads are written to keep a process busy, or to make its parser fail."""

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import SuspiciousOperation
from django.http.multipartparser import MultiPartParserError
from django.test import Client, RequestFactory

from syteops.server.handlers import Utf8Request
from tests.effort import at_most

TYPE = "multipart/form-data; boundary=XX"
FIELD = b'Content-Disposition: form-data; name="f%d"'
SOMEBODY = User(username="alice")


def form(*heads: bytes) -> bytes:
    return b"".join(b"--XX\r\n%s\r\n\r\nx\r\n" % head for head in heads) + b"--XX--\r\n"


def read(body: bytes, user: User | AnonymousUser = SOMEBODY) -> Any:
    environ = RequestFactory().generic("POST", "/", body, TYPE).environ
    request: Any = Utf8Request(environ)
    request.user = user
    return request.POST


SLOW = {
    "semicolons in quotes": b'%s; x="' % FIELD + b";" * 900 + b'"',
    "semicolons": FIELD + b";" * 900,
    "parameters": FIELD + b";a=b" * 230,
    "parameters of what is no field": b"X: y" + b";a=b" * 230,
    "lines": FIELD + b"\r\na" * 300,
    "an encoding that takes long": FIELD + b"; x*=punycode''-" + b"a" * 900,
    "the same behind blanks": FIELD + b"; x*0* \x0b= \tpunycode''-" + b"a" * 900,
    "the same in quotes": FIELD + b"; x*=\"punycode''-" + b"a" * 900 + b'"',
}


@pytest.mark.parametrize("head", SLOW.values(), ids=SLOW)
def test_no_form_is_read_for_long(head: bytes) -> None:
    """4.5 MB to the page where people sign in had a worker at it for seven seconds."""
    body = form(*[head.replace(b"%d", b"1")] * 4500)
    with at_most(1.0), pytest.raises(MultiPartParserError):
        read(body)


def test_no_more_heads_are_looked_at_than_there_may_be_parts() -> None:
    with at_most(1.0), pytest.raises(SuspiciousOperation):
        read(b"--XX" * 1_000_000)


def test_parts_that_are_not_counted_are_no_way_around_that() -> None:
    """Django counts no part that has a file's name and no other: those behind took seconds."""
    cheap = b"Content-Disposition: a;filename=x"
    dear = cheap + b";" * 900
    with at_most(1.0), pytest.raises(SuspiciousOperation):
        read(form(*[cheap] * 5200, *[dear] * 2000))


STUMBLES = {
    "an order of nothing": FIELD + b"; x*0=1; x*=2",
    "an order of nothing, in UTF-8": FIELD + b"; x*=utf-8''1; x*0=utf-8''2",
    "no such encoding": FIELD + b"; name*=no-such''x%%41",
}


@pytest.mark.django_db
@pytest.mark.parametrize("head", STUMBLES.values(), ids=STUMBLES)
def test_what_pythons_parser_stumbles_over_is_a_refusal(
    client: Client, monkeypatch: pytest.MonkeyPatch, head: bytes
) -> None:
    """Before anybody signed in it was a 500."""
    monkeypatch.setattr("django.test.client.WSGIRequest", Utf8Request)
    client.raise_request_exception = False
    answer = client.generic("POST", "/admin/login/", form(head % 1), TYPE)
    assert answer.status_code == 400


def test_what_browsers_and_tools_send_is_read() -> None:
    names = [
        b'Content-Disposition: form-data; name="a"; filename="a; b*c; x*.png"\r\n'
        b"Content-Type: image/png",
        b"Content-Disposition: form-data; name=\"b\"; filename*=UTF-8''M%C3%BCller.png",
        b'Content-Disposition: form-data; name="c*=d"',
    ]
    environ = RequestFactory().generic("POST", "/", form(*names), TYPE).environ
    request: Any = Utf8Request(environ)
    assert {one: file.name for one, file in request.FILES.items()} == {
        "a": "a; b*c; x*.png",
        "b": "Müller.png",
    }
    assert list(request.POST) == ["c*=d"]
    fields = [FIELD % number + b"\r\nContent-Type: text/plain" for number in range(5000)]
    assert len(read(form(*fields))) == 5000


def test_who_has_not_signed_in_sends_few_parts() -> None:
    """Whatever they are, 5,000 took a process half a second at the page where people sign in."""
    for head in (b"a: b", b"A: x; y*=utf-8''" + b"%41" * 300, FIELD % 1):
        with pytest.raises(SuspiciousOperation):
            read(form(*[head] * 500), AnonymousUser())
    assert len(read(form(*[FIELD % 1] * 400), AnonymousUser()).getlist("f1")) == 400
