"""Where HTTPS is set, plain http: tools are refused, people are led to the right address."""

from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from syteops.crm.models import CrmSystem

pytestmark = pytest.mark.django_db

CRM = "/api/manage/v1/crm-systems"


@pytest.fixture(autouse=True)
def _https(settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_HSTS_SECONDS = 3600
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")


def post(key: str, **more: Any) -> Any:
    data = {"name": "Acme"}
    return Client(headers={"X-API-Key": key}).post(CRM, data, "application/json", **more)


def test_a_write_over_plain_http_is_refused_and_not_redirected(site_key: str) -> None:
    answer = post(site_key)
    assert (answer.status_code, answer["Content-Type"]) == (403, "application/problem+json")
    shown = answer.json()
    assert (shown["code"], shown["request_id"]) == ("https_required", answer["X-Request-ID"])
    assert "Location" not in answer
    assert not CrmSystem.objects.exists()
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in answer["Content-Security-Policy"]


def test_the_same_write_over_https_is_done(site_key: str) -> None:
    answer = post(site_key, headers={"X-Forwarded-Proto": "https"})
    assert answer.status_code == 201
    assert CrmSystem.objects.get().name == "Acme"
    assert answer["Strict-Transport-Security"] == "max-age=3600"


@pytest.mark.parametrize(
    "path",
    [
        "/api/manage/v1/",
        "/api/manage/v1/docs",
        "/api/manage/v1/dispatch",
        "/api/nothing",
        "/wp-json/syteops/v1/manage/manifest",
        "/wp-json/syteops/v1/manage/dispatch",
        "/metrics",
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_no_address_of_tools_redirects(client: Client, path: str, method: str) -> None:
    answer = client.generic(method, path)
    assert answer.status_code == 403
    assert "Location" not in answer


@pytest.mark.parametrize("path", ["//api/manage/v1/whoami", "/API/manage/v1/whoami", "/api", "/x"])
@pytest.mark.parametrize("key", [{"X-API-Key": "k"}, {"Authorization": "bearer k"}])
def test_no_key_is_redirected_from_whatever_address(
    client: Client, path: str, key: dict[str, str]
) -> None:
    """Two slashes, where a base address ends in one, would lead a key on in silence."""
    answer = client.generic("POST", path, headers=key)
    assert (answer.status_code, answer.json()["code"]) == (403, "https_required")


def test_a_person_behind_a_proxy_with_a_password_is_redirected(client: Client) -> None:
    assert client.get("/admin/", headers={"Authorization": "Basic eDp4"}).status_code == 301


@pytest.mark.parametrize("path", ["/", "/admin/", "/admin/login/?next=/admin/", "/apish"])
def test_people_are_redirected(client: Client, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer["Location"]) == (301, f"https://testserver{path}")


@pytest.mark.parametrize("path", ["/admin/login/", "/admin/crm/crmsystem/add/", "/estimates/x"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_what_people_send_is_not_lost_in_silence(client: Client, path: str, method: str) -> None:
    """A redirect would show the page anew, as if it had been done."""
    answer = client.generic(method, path)
    assert (answer.status_code, "Location" in answer) == (403, False)
    assert f"Open https://testserver{path} and send it again." in answer.content.decode()
    assert "<script" not in client.post(f"{path}?<script>").content.decode()


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_checks_are_neither(client: Client, path: str) -> None:
    assert client.get(path).status_code in (200, 503)
