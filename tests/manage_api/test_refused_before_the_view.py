"""What is refused before any view is reached, at every address in the shape that is read there."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from manage_api.errors import ApiError
from syteops.server.middleware import REFUSAL
from tests.fixtures import API
from tests.manage_api.test_errors import problem

OLDER = "/wp-json/syteops/v1/manage"
REST = [f"{API}/crm-systems", f"{API}/", f"{API}/schema", f"{OLDER}/manifest", "/api/nowhere"]
DISPATCH = [f"{API}/dispatch", f"{OLDER}/dispatch", f"{OLDER}/dispatch/"]
ENVELOPE = {"ok", "data", "changed", "error"}


def _fail(error: Exception) -> Callable[..., Any]:
    def fail(*args: Any) -> None:
        raise error

    return fail


def _of_gateway(code: str) -> Callable[..., Any]:
    return lambda client, path, **_: client.post(path, **{REFUSAL: ApiError(code)})


def _bad_charset(client: Client, path: str, **_: Any) -> Any:
    return client.generic("POST", path, b"{}", "application/json; charset=utf-16")


def _wrong_host(client: Client, path: str, **_: Any) -> Any:
    return client.get(path, headers={"Host": "evil.example"})


def _plain_http(client: Client, path: str, settings: Any, **_: Any) -> Any:
    settings.SECURE_SSL_REDIRECT = True
    return Client(raise_request_exception=False).get(path)


def _failing(error: Exception) -> Callable[..., Any]:
    def send(client: Client, path: str, monkeypatch: pytest.MonkeyPatch, **_: Any) -> Any:
        place = "syteops.server.middleware.HttpsMiddleware.process_request"
        monkeypatch.setattr(place, _fail(error))
        return client.get(path)

    return send


REFUSALS = [
    (400, "validation_error", _wrong_host),
    (400, "parse_error", _of_gateway("parse_error")),
    (403, "https_required", _plain_http),
    (408, "request_timeout", _of_gateway("request_timeout")),
    (413, "payload_too_large", _of_gateway("payload_too_large")),
    (415, "unsupported_media_type", _bad_charset),
    (500, "internal_error", _failing(RuntimeError("unforeseen"))),
    (503, "unavailable", _of_gateway("unavailable")),
    (503, "unavailable", _failing(OperationalError("connection refused"))),
]


@pytest.mark.parametrize("path", [*REST, *DISPATCH])
@pytest.mark.parametrize(("status", "code", "send"), REFUSALS)
def test_tools_can_read_it(
    path: str,
    status: int,
    code: str,
    send: Callable[..., Any],
    site_key: str,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = Client(headers={"X-API-Key": site_key}, raise_request_exception=False)

    answer = send(client, path, settings=settings, monkeypatch=monkeypatch)

    shown = problem(answer, status, code)
    assert set(shown) >= ENVELOPE if path in DISPATCH else not ENVELOPE & set(shown)


@pytest.mark.parametrize("with_key", [True, False])
def test_a_wrong_host_says_which_setting_to_change(site_key: str, with_key: bool) -> None:
    key = {"X-API-Key": site_key} if with_key else {}

    shown = problem(
        Client(headers={**key, "Host": "evil.example"}).get(f"{API}/crm-systems"),
        400,
        "validation_error",
    )

    assert "ALLOWED_HOSTS" in shown["detail"]
    assert "Host" in shown["errors"][0]["detail"]
    assert "evil" not in str(shown)
