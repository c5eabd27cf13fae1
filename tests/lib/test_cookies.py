import http.cookies

import pytest
from django.http import parse_cookie

from syteops.lib.cookies import read_cookies
from tests.each import each
from tests.effort import at_most

HEADERS = [
    "",
    ";",
    " ; =; ",
    "sessionid=abc; csrftoken=def",
    "a=1;a=2",
    "alone",
    "=alone",
    "a==b=",
    'a="b"',
    'a="',
    'a=""',
    r'a="\"\\\054\073\1\400\899\x"',
    r'a="b\"; c="\\"',
    'a="x;y"',
    "a=ü\u2028",
    http.cookies.SimpleCookie({"openid": '{"next": "/ü;,", "état": 1}'}).output(header="").strip(),
]


@pytest.mark.parametrize("header", HEADERS)
def test_cookies_are_read_as_django_reads_them(header: str) -> None:
    assert read_cookies(header) == parse_cookie(header)


@each("escape", [r"\"", r"\\", r"\054", "\\", r"\0", ";", '"', "="])
def test_however_they_are_written_they_take_no_time(escape: str) -> None:
    header = f'x="{escape * (1_000_000 // len(escape))}"'
    with at_most(1.0, escape):
        read_cookies(header)
