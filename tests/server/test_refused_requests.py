"""Whatever a stranger sends that cannot be is answered 400 and said in one line of the log.

A traceback each would let anybody fill the disk, and hide what matters.
"""

import logging
from collections.abc import Callable, Iterator
from io import BytesIO, StringIO
from typing import Any
from unittest.mock import Mock

import pytest
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.db import OperationalError
from django.http.multipartparser import MultiPartParserError
from django.test import Client

from estimates.links import client_path
from tests.fixtures import API
from tests.samples.estimates import a_sent_one

LOGIN = "/admin/login/"
EVIL: Any = {"HTTP_HOST": "evil.example"}
FORM = "application/x-www-form-urlencoded"

Send = Callable[[Client], Any]
REFUSED: dict[str, Send] = {
    "another host": lambda client: client.get("/", **EVIL),
    "another host of the API": lambda client: client.get(f"{API}/manifest", **EVIL),
    "another host in the admin": lambda client: client.post(LOGIN, {"a": "1"}, **EVIL),
    "another host of nothing": lambda client: client.get("/nothing/here", **EVIL),
    "a host that is none": lambda client: client.get("/", HTTP_HOST="a b\\\x1b[31m"),
    "a host without end": lambda client: client.get("/", HTTP_HOST=f"{'a' * 8000}.example"),
    "too many fields": lambda client: client.post(LOGIN, {f"f{n}": "1" for n in range(6000)}),
    "too many parameters": lambda client: client.get(f"{LOGIN}?{'a=1&' * 6000}"),
    "too large": lambda client: client.post(LOGIN, "a=" + "x" * 4_000_000, content_type=FORM),
    "too large in parts": lambda client: client.post(LOGIN, {"a": "x" * 4_000_000}),
    "too many files": lambda client: client.post(
        LOGIN, {f"f{n}": BytesIO(b"x") for n in range(200)}
    ),
    "no parts": lambda client: client.post(
        LOGIN, b"x", content_type="multipart/form-data; boundary=\xff"
    ),
}
FOR_STAFF: dict[str, Send] = {
    "a filter that is not offered": lambda client: client.get("/admin/crm/crmsystem/?foo__bar=1"),
    "a choice of nothing": lambda client: client.post(
        "/admin/crm/crmsystem/", {"action": "delete_selected", "_selected_action": "x'"}
    ),
}


@pytest.fixture
def log() -> Iterator[StringIO]:
    """What the site's own handler writes."""
    [handler] = [one for one in logging.getLogger().handlers if one.name == "stderr"]
    assert isinstance(handler, logging.StreamHandler)
    written = StringIO()
    before = handler.setStream(written)
    yield written
    handler.setStream(before)


@pytest.mark.django_db
@pytest.mark.parametrize("send", REFUSED.values(), ids=REFUSED)
def test_what_a_stranger_sends_is_one_line(client: Client, log: StringIO, send: Send) -> None:
    client.raise_request_exception = False

    assert send(client).status_code == 400

    assert_short(log)


@pytest.mark.parametrize("send", FOR_STAFF.values(), ids=FOR_STAFF)
def test_what_staff_sends_as_well(page: Client, log: StringIO, send: Send) -> None:
    assert send(page).status_code == 400

    assert_short(log)


@pytest.mark.django_db
def test_what_is_refused_for_a_forged_form_is_a_short_line_too(log: StringIO) -> None:
    """Each of the many that a stranger can send in a second wrote all of its header."""
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    for header in ("Origin", "Referer"):
        sent = client.post(LOGIN, headers={header: f"http://{'a' * 60_000}.example"})
        assert sent.status_code == 403
    assert len(log.getvalue()) < 4_000


def test_a_line_of_ours_that_says_much_is_cut(log: StringIO) -> None:
    logging.getLogger("syteops.people.openid").warning("Nobody: %s", "x" * 100_000)
    assert 1_000 < len(log.getvalue()) < 1_200


def subclasses(kind: type[Exception]) -> Iterator[type[Exception]]:
    yield kind
    for one in kind.__subclasses__():
        yield from subclasses(one)


def test_every_kind_of_refusal_is_one_line(log: StringIO) -> None:
    for base in (SuspiciousOperation, BadRequest, MultiPartParserError):
        for kind in subclasses(base):
            try:
                raise kind("The path '/a\nb' is outside.")
            except kind:
                logging.getLogger(f"django.security.{kind.__name__}").exception("Refused\nit")
            assert_short(log)
            assert "is outside" in log.getvalue()
            log.seek(log.truncate(0))


def test_a_fault_of_ours_keeps_its_traceback(log: StringIO) -> None:
    try:
        raise ValueError("ours")
    except ValueError:
        logging.getLogger("syteops").exception("Unforeseen")

    assert "Traceback" in log.getvalue()


def assert_short(log: StringIO) -> None:
    lines = log.getvalue().splitlines()
    assert len(lines) <= 1, lines
    assert all(len(line) < 600 for line in lines), lines
    assert "\x1b" not in log.getvalue()


@pytest.mark.django_db
@pytest.mark.parametrize("error", [OperationalError("gone"), RuntimeError("nobody foresaw it")])
@pytest.mark.parametrize("page", ["", "/pdf"])
def test_no_line_holds_the_link_that_lets_its_holder_answer(
    log: StringIO, monkeypatch: pytest.MonkeyPatch, error: Exception, page: str
) -> None:
    link = client_path(a_sent_one())
    assert link
    monkeypatch.setattr("estimates.queries.by_token", Mock(side_effect=error))
    assert Client(raise_request_exception=False).get(f"{link}{page}").status_code >= 500
    written = log.getvalue()
    assert f"/e/…{page}" in written
    assert link.removeprefix("/e/") not in written


def test_whoever_else_is_told_of_a_line_is_told_it_as_it_was_said(
    log: StringIO, caplog: pytest.LogCaptureFixture
) -> None:
    """Sentry's client leaves the values out, which it cannot where they are among the words."""
    logging.getLogger("any").error("Away: %s", "a" * 5000, exc_info=OperationalError("gone"))
    [told] = caplog.records
    assert (told.msg, told.exc_info is None) == ("Away: %s", False)
    assert log.getvalue().count("\n") == 1
