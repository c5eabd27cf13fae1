"""What every request passes: its id and its content policy."""

import logging

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from syteops.server.logs import RequestIdFilter
from syteops.server.middleware import (
    ADMIN_POLICY,
    DOCS_POLICY,
    STRICT_POLICY,
    ContentSecurityPolicyMiddleware,
    RequestIdMiddleware,
    policy_for,
)

# --- The request id ------------------------------------------------------------------------


def test_a_request_without_id_gets_one(client: Client) -> None:
    first, second = (client.get("/healthz")["X-Request-ID"] for _ in range(2))
    assert len(first) == 32
    assert first != second


def test_a_sane_id_is_taken_over(client: Client) -> None:
    response = client.get("/healthz", headers={"X-Request-ID": "Trace_01.ab-cd"})
    assert response["X-Request-ID"] == "Trace_01.ab-cd"


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("short", "too short to be unique"),
        ("a" * 65, "too long for a log line"),
        ("12345678\n", "a line break forges log lines"),
        ("12345678\r\nSet-Cookie: a=b", "or headers"),
        ("12345678 9", "a space splits the log line"),
        ("<b>12345678</b>", "markup"),
        ("１２３４５６７８", "digits of another script"),
    ],
)
def test_any_other_id_is_replaced(rf: RequestFactory, given: str, reason: str) -> None:
    request = rf.get("/", headers={"X-Request-ID": given})
    response = RequestIdMiddleware(lambda request: HttpResponse())(request)
    assert len(response["X-Request-ID"]) == 32, reason


def test_views_and_log_lines_know_the_id(rf: RequestFactory) -> None:
    seen = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(request.request_id)  # type: ignore[attr-defined]
        return HttpResponse()

    RequestIdMiddleware(view)(rf.get("/", headers={"X-Request-ID": "trace-0001"}))
    record = logging.LogRecord("x", logging.INFO, "x", 1, "said after the response", None, None)
    assert RequestIdFilter().filter(record)
    assert [*seen, record.request_id] == ["trace-0001", "trace-0001"]  # type: ignore[attr-defined]


def test_an_answer_that_failed_has_an_id_too(client: Client) -> None:
    response = client.get("/no-such-page", headers={"X-Request-ID": "trace-0002"})
    assert (response.status_code, response["X-Request-ID"]) == (404, "trace-0002")


# --- The content security policy -----------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "policy"),
    [
        ("/admin/", ADMIN_POLICY),
        ("/admin/crm/system/", ADMIN_POLICY),
        ("/api/manage/v1/docs", DOCS_POLICY),
        ("/api/manage/v1/", STRICT_POLICY),
        ("/wp-json/syteops/v1/manage/manifest", STRICT_POLICY),
        ("/healthz", STRICT_POLICY),
        ("/administrator", STRICT_POLICY),
        ("/e/token/docs", STRICT_POLICY),
        ("/", STRICT_POLICY),
    ],
)
def test_every_page_gets_the_narrowest_policy(path: str, policy: str) -> None:
    assert policy_for(path) == policy


@pytest.mark.parametrize("policy", [STRICT_POLICY, DOCS_POLICY, ADMIN_POLICY])
def test_no_policy_allows_foreign_or_inline_scripts_or_framing(policy: str) -> None:
    directives = dict(one.strip().split(" ", 1) for one in policy.split(";"))
    scripts = directives.get("script-src", directives["default-src"])
    assert set(scripts.split()) <= {"'none'", "'self'", "'unsafe-eval'"}
    assert directives["frame-ancestors"] == "'none'"
    assert not any(source.startswith(("http", "*")) for source in policy.split())


def test_only_the_admin_may_evaluate_text() -> None:
    assert "unsafe-eval" not in STRICT_POLICY + DOCS_POLICY


def test_a_view_s_own_policy_wins(rf: RequestFactory) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(headers={"Content-Security-Policy": "default-src 'self'"})

    response = ContentSecurityPolicyMiddleware(view)(rf.get("/"))
    assert response["Content-Security-Policy"] == "default-src 'self'"


def test_answers_carry_the_policy(client: Client) -> None:
    assert client.get("/healthz")["Content-Security-Policy"] == STRICT_POLICY
