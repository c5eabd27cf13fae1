"""No input makes an answer, or the work for it, many times its own size."""

from gzip import compress
from typing import Any

import pytest

from syteops.crm.models import CrmSystem
from syteops.server.handlers import Utf8Handler
from tests.each import each
from tests.effort import at_most
from tests.fixtures import API, Api


def test_an_answer_names_a_hundred_wrong_fields_at_most(api: Api) -> None:
    unknown = {f"no_such_field_{number}": 1 for number in range(20_000)}

    answer = api.post("/crm-systems", unknown)

    assert answer.status_code == 400
    assert len(answer.json()["errors"]) == 100
    assert len(answer.content) < 40_000


LONG = "/~" * 200_000


@pytest.mark.parametrize(
    "body",
    [
        f'{{"{LONG}": 1}}',
        f'{{"{LONG}": 1, "{LONG}": 2}}',
        f'{{"items": [{{"action": "{LONG}", "params": {{}}}}]}}',
        "{" + ", ".join(f'"{number}{LONG[:4000]}": 1' for number in range(100)) + "}",
    ],
    ids=["an unknown name", "one twice", "a choice", "a hundred names"],
)
@pytest.mark.parametrize("path", ["/crm-systems", "/crm-systems/bulk", "/dispatch"])
def test_an_answer_does_not_repeat_at_length_what_was_sent(api: Api, path: str, body: str) -> None:
    answer = api.client.generic("POST", f"{API}{path}", body, content_type="application/json")

    assert answer.status_code == 400
    assert len(answer.content) < max(len(body), 10_000)


def test_a_list_that_is_too_long_is_refused_before_its_items_are_looked_at(api: Api) -> None:
    items = [{"action": "fly"}] * 20_000

    answer = api.post("/crm-systems/bulk", {"items": items})

    assert answer.status_code == 400
    [error] = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == ("#/items", "too_long")


@pytest.fixture
def served(api: Api, monkeypatch: pytest.MonkeyPatch) -> Api:
    """The API with requests as the server makes them; Django's test client has its own."""
    monkeypatch.setattr("django.test.client.WSGIRequest", Utf8Handler.request_class)
    return api


NO_MEDIA_TYPES = [
    # Of parameters in the way of RFC 2231, Python decodes any encoding, or fails to.
    "text/html; a*=no-such-thing''x",
    "multipart/form-data; boundary*=no-such-thing''x",
    "application/json; a*0*=x''y; a*1*=%ff",
    f"application/json; a*=idna''{'x' * 70}",
    # It looks for the end of what is quoted anew at each semicolon.
    f'application/json; x="{";" * 50_000}',
    f'multipart/form-data; boundary=x; y="{";" * 50_000}',
    'text/html; x="' + ';\\"' * 15_000,
    "text/html" + ";a=b" * 15_000,
]


def sent(api: Api, path: str, charset: str) -> Any:
    content_type = f"application/json; charset={charset}"
    return api.client.generic("POST", path, b'{"name": "HubSpot"}', content_type=content_type)


@each("charset", ["base64", "hex", "rot13", "punycode", "utf-16", "no-such-thing", "idna", "zip"])
@each("path", [f"{API}/crm-systems?page=1", "/admin/login/?next=/", "/?a=1"])
def test_an_encoding_that_is_not_utf_8_is_refused_at_every_address(
    charset: str, path: str, served: Api
) -> None:
    answer = sent(served, path, charset)

    assert answer.status_code == 415
    assert answer["X-Request-ID"]
    if path.startswith("/api"):
        assert answer.json()["code"] == "unsupported_media_type"


@each("path", [f"{API}/crm-systems", f"{API}/dispatch", "/admin/login/"])
@each("coding", ["gzip", "deflate", "identity, br", "x"])
def test_a_body_that_is_compressed_is_refused_as_such(path: str, coding: str, served: Api) -> None:
    """Read as it is, it was said to be no JSON."""
    headers: Any = {"HTTP_CONTENT_ENCODING": coding}
    kind = "application/json" if path.startswith("/api") else "application/x-www-form-urlencoded"
    answer = served.client.generic("POST", path, compress(b"{}"), kind, **headers)

    assert answer.status_code == 415
    assert b"without Content-Encoding" in answer.content


@each("coding", ["", "identity", " IDENTITY "])
def test_one_that_is_not_is_taken(coding: str, served: Api) -> None:
    assert served.get("/crm-systems", **{"Content-Encoding": "gzip"}).status_code == 200
    answer = served.post("/crm-systems", {"name": "HubSpot"}, **{"Content-Encoding": coding})

    assert answer.status_code == 201


@each("written", NO_MEDIA_TYPES)
@each("path", [f"{API}/crm-systems?page=1", "/admin/login/?next=/", "/healthz"])
def test_what_is_no_media_type_is_refused_at_every_address(
    written: str, path: str, served: Api
) -> None:
    with at_most(1.0, written[:50]):
        answer = served.client.generic("POST", path, b"{}", content_type=written)

    assert answer.status_code == 415
    assert answer["X-Request-ID"]
    if path.startswith("/api"):
        assert answer.json()["code"] == "unsupported_media_type"


@each("written", NO_MEDIA_TYPES)
def test_nor_is_it_answered_in_one(written: str, served: Api) -> None:
    with at_most(1.0, written[:50]):
        answer = served.get("/crm-systems", Accept=written)

    assert (answer.status_code, answer.json()["code"]) == (406, "not_acceptable")


@pytest.mark.parametrize("charset", ["utf-8", "utf8", "UTF-8", '"utf-8"', "us-ascii"])
def test_utf_8_by_any_of_its_spellings_is_taken(charset: str, served: Api) -> None:
    answer = sent(served, f"{API}/crm-systems", charset)

    assert answer.status_code == 201
    assert CrmSystem.objects.get().name == "HubSpot"
