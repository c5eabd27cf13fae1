"""No body and no method of a request, however it is written, makes a page fail or stores anything.

What is in the fields of a form is in `test_odd_values`, how lists are asked in `test_strict_lists`.
"""

from collections.abc import Iterator
from itertools import islice
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User

from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.lists.models import SavedView
from syteops.team.services import create_team_member
from tests.effort import at_most
from tests.fixtures import signed_in

pytestmark = pytest.mark.django_db

FORM, PARTS = "application/x-www-form-urlencoded", "multipart/form-data; boundary=XX"
NAMED = b'Content-Disposition: form-data; name="%s"'
SECONDS = 10.0
"""For all of them: each takes some hundredths of one."""
OF_NO_FORM = 10
"""Of the bodies, the first so many."""


def parts(*parts: tuple[bytes, bytes], end: bytes = b"--XX--\r\n") -> bytes:
    return b"".join(b"--XX\r\n%s\r\n\r\n%s\r\n" % one for one in parts) + end


def bodies(name: str) -> Iterator[tuple[str, bytes]]:
    """What no browser sends: a type and a body. A right one would have the field of that name."""
    field = NAMED % name.encode()
    yield "application/json", b'{"a": [1, {"b": null}]}'
    yield "application/octet-stream", b"\x80\xff\0"
    yield "text/plain", f"{name}=x".encode()
    yield "", f"{name}=x".encode()
    yield "multipart/form-data", parts((field, b"x"))
    yield "multipart/form-data; boundary=\xff", parts((field, b"x"))
    yield f"multipart/form-data; boundary={'X' * 300}", parts((field, b"x"))
    yield "multipart/mixed; boundary=XX", parts((field, b"x"))
    yield f"{FORM}; charset=utf-7", f"{name}=x".encode()
    yield f"{FORM}; charset=utf-16", f"{name}=x".encode("utf-16")
    yield PARTS, parts((field + b"; charset=\xff", b"\0\xff\xed\xa0\x80"))
    yield PARTS, parts((field, b"\0"), (NAMED % b"\0", b"x"), (NAMED % b"", b"x"), (b"X", b"x"))
    yield PARTS, parts((field + b'; filename="../\0.png"\r\nContent-Type: image/\xff', b"\x89PNG"))
    yield PARTS, parts((field + b"; filename*=utf-16''%ff%fe", b"\0"))
    yield PARTS, parts((field + b"\r\nContent-Transfer-Encoding: base64", b"AA=="))  # NUL
    yield PARTS, parts((field + b"\r\nX: " + b"x" * 9000, b"x"))
    yield FORM, f"{name}=%00".encode()
    yield FORM, f"{name}=%ED%A0%80%00".encode()
    yield FORM, b"&".join([f"{name}=".encode()] * 5000)
    yield FORM, urlencode({f"{name}{n}": "x" for n in range(5000)}).encode()


def test_no_form_takes_a_body_that_no_browser_sends(alice: User) -> None:
    """JSON sent to the page of a member passed for a form in which every field was empty."""
    client, page = signed_in(alice), "/admin/auth/group/"
    member = f"/admin/team/teammember/{create_team_member(SYSTEM, first_name='Ada').pk}/change/"
    before = AuditEntry.objects.count()
    with at_most(SECONDS):
        for kind, body in bodies("name"):
            told = client.generic("POST", f"{page}views/", body, kind)
            assert told.status_code in (200, 400, 415), (kind, body)
        for kind, body in islice(bodies("first_name"), OF_NO_FORM):
            told = client.generic("POST", member, body, kind)
            assert told.status_code in (400, 415), (kind, body)
        for method in ("FOO", "TRACE", "PUT", "DELETE", "OPTIONS", "get"):
            assert client.generic(method, f"{page}views/", b"x=1", FORM).status_code < 500, method
    assert (AuditEntry.objects.count(), SavedView.objects.count()) == (before, 0)
