"""Every producer of errors answers in the one shape: problem details (RFC 9457)."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import (
    DisallowedHost,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    ValidationError,
)
from django.db import IntegrityError
from django.http import Http404, UnreadablePostError
from django.test import Client
from rest_framework import exceptions

from manage_api.errors import CODES, FIELD_CODES, ApiError, as_api_error
from syteops.core.errors import Conflict, FieldError, Invalid, NotFound, RoleFull
from syteops.crm.models import CrmSystem
from tests.each import each
from tests.fixtures import API, Api, is_refusal
from tests.manage_api.faces import as_person

DETAIL_OF_ERROR = "a detail that nobody outside may read"
MEMBERS = {"type", "title", "status", "detail", "code", "request_id", "errors"}
ENVELOPE = {"ok", "data", "changed", "error"}


def problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    """The problem that the answer is; everything that all of them have in common holds."""
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.content
    body: dict[str, Any] = answer.json()
    assert is_refusal(answer)
    assert set(body) >= MEMBERS
    assert body["status"] == status == CODES[code].status
    assert body["type"] == f"urn:syteops:problem:{code}"
    assert body["title"]
    assert body["detail"]
    assert body["request_id"] == answer.headers["X-Request-ID"]
    assert isinstance(body["errors"], list)
    if ENVELOPE & set(body):
        assert (body["ok"], body["data"], body["changed"]) == (False, None, False)
        assert body["error"] == body["detail"]
    return body


# --- Addresses and methods -------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        *("/api/manage/v1/nowhere", "/api/manage/v1/crm-systems/", "/api/manage/v2/crm-systems"),
        *("/api/manage", "/wp-json/syteops/v1/manage/nowhere", "/wp-json/syteops"),
    ],
)
def test_an_address_that_does_not_exist(api: Api, path: str) -> None:
    for method in ("GET", "POST", "DELETE", "OPTIONS"):
        problem(api.call(method, path), 404, "not_found")
        problem(Api().call(method, path), 401, "not_authenticated")


@pytest.mark.parametrize("path", ["/api/", "/api/other", "/wp-json/", "/wp-json/wp/v2/posts"])
def test_an_address_beside_the_api(client: Client, path: str) -> None:
    problem(client.get(path), 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/crm-systems", {"GET", "HEAD", "POST"}),
        ("POST", "/crm-systems/001", {"GET", "HEAD", "PATCH", "DELETE"}),
        ("OPTIONS", "/crm-systems", {"GET", "HEAD", "POST"}),
        ("TRACE", "/crm-systems", {"GET", "HEAD", "POST"}),
        ("BREW", "/crm-systems", {"GET", "HEAD", "POST"}),
        ("DELETE", "/dispatch", {"GET", "HEAD", "POST"}),
        ("POST", "/whoami", {"GET", "HEAD"}),
        ("POST", "/schema", {"GET", "HEAD"}),
        ("POST", "/docs", {"GET", "HEAD"}),
        ("OPTIONS", "/docs", {"GET", "HEAD"}),
    ],
)
def test_a_method_that_the_address_does_not_know(
    api: Api, method: str, path: str, allowed: set[str]
) -> None:
    answer = api.call(method, path)

    problem(answer, 405, "method_not_allowed")
    assert set(answer.headers["Allow"].split(", ")) == allowed


def test_dispatch_does_not_write_by_get(api: Api) -> None:
    answer = api.get("/dispatch?resource=crm&action=create&name=x")

    problem(answer, 405, "method_not_allowed")
    assert answer.headers["Allow"] == "POST"


# --- Bodies ----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/crm-systems", "/dispatch", "/docs"])
@pytest.mark.parametrize("accept", ["text/html", "application/xml", "image/*"])
def test_an_answer_that_we_cannot_give(api: Api, path: str, accept: str) -> None:
    if path == "/docs":
        accept = "application/xml"  # that page is HTML
    problem(api.get(path, Accept=accept), 406, "not_acceptable")


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "x", ""],
)
def test_a_body_that_is_not_json(api: Api, content_type: str) -> None:
    for path in (f"{API}/crm-systems", f"{API}/dispatch"):
        answer = api.client.generic("POST", path, b'{"name": "x"}', content_type=content_type)
        problem(answer, 415, "unsupported_media_type")


def test_a_body_that_is_too_large(api: Api, settings: Any) -> None:
    settings.MANAGE_API_MAX_BODY = 100
    for path in ("/crm-systems", "/dispatch"):
        problem(
            api.call("POST", path, b'{"name": "' + b"x" * 200 + b'"}'), 413, "payload_too_large"
        )
        assert api.call("POST", path, b" " * 100).status_code == 400


@pytest.mark.parametrize("body", [b"[]", b'"x"', b"5", b"null", b"true"])
def test_a_body_that_is_no_object(api: Api, body: bytes) -> None:
    for path in ("/crm-systems", "/dispatch"):
        shown = problem(api.call("POST", path, body), 400, "validation_error")
        assert shown["errors"][0]["pointer"] == "#"


def test_every_wrong_field_is_named_by_a_json_pointer(api: Api) -> None:
    body = {"name": 5, "a/b~c": 1, "crm_num": "001", "url": "x"}
    errors = problem(api.post("/crm-systems", body), 400, "validation_error")["errors"]

    assert {one["pointer"]: one["code"] for one in errors} == {
        "#/name": "invalid",
        "#/a~1b~0c": "unknown_field",
        "#/crm_num": "read_only",
        "#/url": "invalid",
    }
    inside = problem(api.dispatch("crm.create", body), 400, "validation_error")["errors"]
    assert [one["pointer"] for one in inside] == [
        one["pointer"].replace("#/", "#/params/") for one in errors
    ]


def test_query_parameters_are_as_strict_as_fields(api: Api) -> None:
    api.post("/crm-systems", {"name": "x"})
    for query, pointer in (
        ("nme=x", "#/nme"),
        ("dry_run=maybe", "#/dry_run"),
        ("dry_run=true&dry_run=true", "#/dry_run"),
        ("confirm=1", "#/confirm"),
    ):
        shown = problem(api.delete(f"/crm-systems/001?{query}"), 400, "validation_error")
        assert pointer in [one["pointer"] for one in shown["errors"]]
    shown = problem(api.post("/crm-systems?name=y", {"name": "x"}), 400, "validation_error")
    assert [one["pointer"] for one in shown["errors"]] == ["#/name"]


@pytest.mark.parametrize("query", ["dry_run=true", "confirm=true", "name=y"])
def test_dispatch_by_post_takes_nothing_from_the_query_string(api: Api, query: str) -> None:
    body = {"resource": "crm", "action": "create", "params": {"name": "x"}}

    shown = problem(api.post(f"/dispatch?{query}", body), 400, "validation_error")

    assert [(one["pointer"], one["code"]) for one in shown["errors"]] == [
        (f"#/{query.partition('=')[0]}", "unknown_field")
    ]
    assert "Send it in the body." in shown["errors"][0]["detail"]
    assert not CrmSystem.objects.exists()


@each(
    ("body", "pointer"),
    [
        ({}, "#/resource"),
        ({"resource": "crm"}, "#/action"),
        ({"resource": 5, "action": "list"}, "#/resource"),
        ({"resource": "crm", "action": "list", "params": []}, "#/params"),
        ({"resource": "crm", "action": "list", "more": 1}, "#/more"),
        ({"resource": "crm", "action": "list", "confirm": "true"}, "#/confirm"),
        ({"resource": "crm", "action": "list", "dry_run": "true"}, "#/dry_run"),
        # Taken for a real write, this would be stored.
        (
            {"resource": "crm", "action": "create", "params": {"dry_run": "true"}},
            "#/params/dry_run",
        ),
        ({"resource": "crm", "action": "delete", "params": {"confirm": 1}}, "#/params/confirm"),
        ({"resource": "crm", "action": "get", "params": {}}, "#/params/crm_num"),
        ({"resource": "crm", "action": "get", "params": {"crm_num": 1}}, "#/params/crm_num"),
        ({"resource": "audit", "action": "revert", "params": {"id": True}}, "#/params/id"),
        ({"resource": "audit", "action": "revert", "params": {"id": 1.5}}, "#/params/id"),
        ({"resource": "audit", "action": "revert", "params": {"id": [1]}}, "#/params/id"),
    ],
)
def test_the_envelope_is_as_strict(api: Api, body: dict[str, Any], pointer: str) -> None:
    shown = problem(api.post("/dispatch", body), 400, "validation_error")
    assert pointer in [one["pointer"] for one in shown["errors"]]


def test_a_missing_identifier_is_named_where_it_would_be(api: Api) -> None:
    for answer, pointer in (
        (api.dispatch("crm.get"), "#/params/crm_num"),
        (api.get("/dispatch?resource=crm&action=get"), "#/crm_num"),
    ):
        shown = problem(answer, 400, "validation_error")
        assert [(one["pointer"], one["code"]) for one in shown["errors"]] == [(pointer, "required")]
        assert shown["detail"] == "Nothing was stored. Correct: crm_num."


def test_of_an_item_the_list_is_named(api: Api) -> None:
    answer = api.post("/notes", {"title": "Kick-off", "tags": ["launch", "\u202e"]})
    shown = problem(answer, 400, "validation_error")
    assert [one["pointer"] for one in shown["errors"]] == ["#/tags/1"]
    assert shown["detail"] == "Nothing was stored. Correct: tags."


def test_an_operation_that_does_not_exist(api: Api) -> None:
    problem(api.dispatch("crm.fly"), 404, "not_found")
    problem(api.get("/dispatch?resource=crm&action=fly"), 404, "not_found")
    problem(api.get("/dispatch?resource=crm"), 400, "validation_error")
    problem(api.get("/dispatch?resource=crm&action=list&action=list"), 400, "validation_error")


# --- Sessions --------------------------------------------------------------------------------


def test_a_session_without_its_csrf_token(alice: User) -> None:
    person = as_person(alice)
    for path in ("/crm-systems", "/dispatch"):
        shown = problem(person.post(path, {}, X_CSRFToken="wrong"), 403, "permission_denied")
        assert "CSRF" in shown["detail"]


@pytest.mark.parametrize(
    ("content_type", "status"),
    [("application/json", 201), ("multipart/form-data; boundary=x", 415), ("text/plain", 415)],
)
def test_a_session_with_its_csrf_token(alice: User, content_type: str, status: int) -> None:
    """Django's check reads the body of a POST first; what is left must still be read rightly."""
    person = as_person(alice)
    answer = person.client.generic(
        "POST", f"{API}/crm-systems", b'{"name": "x"}', content_type=content_type
    )
    assert answer.status_code == status


# --- What nobody foresaw -----------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/crm-systems", "/dispatch?resource=crm&action=list"])
def test_an_unforeseen_error_tells_nothing_and_is_logged(
    api: Api, path: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*args: Any) -> None:
        raise RuntimeError(DETAIL_OF_ERROR)

    monkeypatch.setattr("syteops.crm.api.CrmSystemViewSet.get_queryset", fail)

    answer = api.get(path)

    shown = problem(answer, 500, "internal_error")
    assert DETAIL_OF_ERROR not in answer.content.decode()
    assert "Traceback" not in str(shown)
    logged = [record for record in caplog.records if record.name == "manage_api.errors"]
    assert len(logged) == 1
    assert DETAIL_OF_ERROR in str(logged[0].exc_info)


def test_an_error_before_the_view_tells_nothing_either(
    site_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any) -> None:
        raise RuntimeError(DETAIL_OF_ERROR)

    monkeypatch.setattr("syteops.server.middleware.HttpsMiddleware.process_request", fail)

    answer = Api(site_key).get("/crm-systems")

    problem(answer, 500, "internal_error")
    assert DETAIL_OF_ERROR not in answer.content.decode()


def test_an_error_in_debug_mode_tells_nothing_either(
    api: Api, settings: Any, monkeypatch: Any
) -> None:
    settings.DEBUG = True
    monkeypatch.setattr("syteops.crm.queries.live_systems", lambda: 1 / 0)

    assert "division" not in api.get("/crm-systems").content.decode()


# --- One builder -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (Http404("secret path"), "not_found"),
        (NotFound("There is no CRM system 005."), "not_found"),
        (PermissionDenied("Choose a new password first."), "permission_denied"),
        (exceptions.PermissionDenied(), "permission_denied"),
        (exceptions.NotAuthenticated(), "not_authenticated"),
        (exceptions.AuthenticationFailed("why"), "not_authenticated"),
        (exceptions.MethodNotAllowed("PUT"), "method_not_allowed"),
        (exceptions.NotAcceptable(), "not_acceptable"),
        (exceptions.UnsupportedMediaType("x"), "unsupported_media_type"),
        (exceptions.ParseError("Not JSON."), "parse_error"),
        (exceptions.ValidationError({"name": ["wrong"]}), "validation_error"),
        (Invalid([FieldError((), "invalid", "Wrong.")]), "validation_error"),
        (Conflict("Two at once."), "conflict"),
        (RoleFull("Full.", holders=["001"]), "role_full"),
        (IntegrityError("UNIQUE failed: secret"), "conflict"),
        (RequestDataTooBig(), "payload_too_large"),
        (DisallowedHost("evil"), "validation_error"),
        (SuspiciousOperation("why"), "parse_error"),
        (UnreadablePostError("gone"), "parse_error"),
        (ApiError("throttled"), "throttled"),
        (ValidationError("a model's, which services must have turned into ours"), "internal_error"),
        (KeyError("secret"), "internal_error"),
        (RecursionError(), "internal_error"),
    ],
)
def test_any_exception_becomes_a_code(raised: Exception, code: str) -> None:
    error = as_api_error(raised)

    assert error.code == code
    for hidden in ("secret", "evil", "why"):
        assert hidden not in error.detail


def test_extra_members_of_a_refusal_are_shown(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any) -> None:
        raise RoleFull("Full.", holders=["001"])

    monkeypatch.setattr("syteops.crm.api.CrmSystemViewSet.get_queryset", fail)

    assert problem(api.get("/crm-systems"), 409, "role_full")["holders"] == ["001"]


def test_nested_errors_are_flattened_with_their_pointers() -> None:
    detail: Any = {
        "items": {2: {"text": [exceptions.ErrorDetail("Long.", "max_length")]}},
        "non_field_errors": [exceptions.ErrorDetail("Both.", "strange_code")],
    }

    errors = as_api_error(exceptions.ValidationError(detail), "#/params").errors

    assert [(one["pointer"], one["code"]) for one in errors] == [
        ("#/params/items/2/text", "too_long"),
        ("#/params", "invalid"),
    ]


def test_every_code_has_a_title_and_a_cure_and_a_name_of_one_form() -> None:
    for name, code in CODES.items():
        assert re.fullmatch("[a-z_]+", name)
        assert 400 <= code.status < 600
        assert code.title
        assert code.cure.endswith(".")
    assert all(re.fullmatch("[a-z_]+", name) and text for name, text in FIELD_CODES.items())


def test_a_code_that_is_not_in_the_list_fails_at_once() -> None:
    with pytest.raises(KeyError):
        ApiError("no_such_code")
