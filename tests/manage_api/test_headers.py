"""What every answer says about itself."""

from typing import Any

import pytest

from manage_api.openapi.document import document
from tests.each import each
from tests.fixtures import API, Api
from tests.manage_api.gets import GETS, url_of

PATHS = ["/", "/whoami", "/manifest", "/crm-systems", "/dispatch?resource=crm&action=list"]


@each("path", [*PATHS, "/nowhere", "/crm-systems/099"])
def test_no_shared_cache_may_keep_an_answer(api: Api, path: str) -> None:
    for answer in (api.get(path), Api().get(path)):
        assert "private" in answer.headers["Cache-Control"]
        assert {"no-cache", "no-store"} & set(answer.headers["Cache-Control"].split(", "))


@pytest.mark.usefixtures("generous_budgets")
@each("name", GETS)
@each("encoding", ["gzip", "identity"])
def test_head_is_get_without_the_body(api: Api, name: str, encoding: str) -> None:
    url, asked = url_of(name), {"Accept_Encoding": encoding, "X_Request_ID": "test-of-head"}
    full, head = api.get(url, **asked), api.call("HEAD", url, **asked)

    assert (head.status_code, head.content) == (full.status_code, b"") == (200, b"")
    assert head.headers["Content-Length"] == str(len(full.content))
    assert _lasting(head) == _lasting(full)


def test_the_root_answers_with_and_without_a_slash(api: Api) -> None:
    assert api.get(API).json() == api.get(f"{API}/").json()
    shown = [one for one in document()["paths"] if one.rstrip("/") == API]
    assert shown == [f"{API}/"]


def _lasting(answer: Any) -> dict[str, str]:
    """Its headers; what is left of a budget is less each time."""
    return {n: v for n, v in answer.headers.items() if n != "RateLimit"}


def test_an_answer_is_protected_in_a_browser(api: Api) -> None:
    headers = api.get("/crm-systems").headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "Access-Control-Allow-Origin" not in headers
    assert "Set-Cookie" not in headers


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("my-request-0001", True),
        ("a\nb", False),
        ("<script>", False),
        ("x" * 65, False),
        ("", False),
    ],
)
def test_the_callers_request_id_is_kept_when_it_is_harmless(
    api: Api, sent: str, kept: bool
) -> None:
    answer = api.get("/crm-systems/099", X_Request_ID=sent.replace("\n", ""))
    shown = answer.headers["X-Request-ID"]

    assert shown == answer.json()["request_id"]
    assert (shown == sent) == kept


def test_a_write_says_whether_it_changed_anything_and_where_it_is_now(api: Api) -> None:
    made = api.post("/crm-systems", {"name": "x"})
    assert made.headers["SyteOps-Changed"] == "true"
    assert api.get(made.headers["Location"]).json() == made.json()
    assert made.headers["Location"] == f"{API}/crm-systems/001"

    again = api.patch("/crm-systems/001", {"name": "x"})

    assert (again.status_code, again.headers["SyteOps-Changed"]) == (200, "false")
    tried = api.patch("/crm-systems/001?dry_run=true", {"name": "y"})
    assert (tried.json()["changed"], tried.headers["SyteOps-Changed"]) == (True, "false")


def test_the_documents_about_the_api_are_open_and_hold_nothing_of_the_site(api: Api) -> None:
    api.post("/crm-systems", {"name": "Only on this site"})
    for path in ("/schema", "/docs", "/workflows"):
        answer: Any = Api().get(path)
        assert answer.status_code == 200
        assert "Only on this site" not in answer.content.decode()
        assert api.get(path).content == answer.content
