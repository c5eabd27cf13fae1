"""What HTTPS and TRUSTED_PROXIES do to cookies, redirects and the belief in headers.

The settings are read anew, as a process with these variables would, and then requests are made.
"""

import runpy
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.environment import ROOT

pytestmark = pytest.mark.django_db

ABOUT = ("SESSION_COOKIE_", "CSRF_COOKIE_", "SECURE_", "X_FRAME_OPTIONS", "TRUSTED_PROXIES")
Site = Callable[..., Client]


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Site:
    """A client of a site that was started with these variables."""

    def start(**variables: str) -> Client:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        read = runpy.run_path(str(ROOT / "syteops" / "settings" / "__init__.py"))
        for name, value in read.items():
            if name.startswith(ABOUT):
                setattr(settings, name, value)
        return Client(raise_request_exception=False)

    return start


def sign_in(client: Client, **options: Any) -> Any:
    User.objects.create_superuser("admin", password="correct horse")
    client.get("/admin/login/", **options)
    fields = {"username": "admin", "password": "correct horse"}
    answer = client.post("/admin/login/", fields, **options)
    assert answer.status_code == 302
    assert answer.headers["Location"].endswith("/admin/")
    return answer


def test_over_https_no_cookie_is_ever_sent_in_the_clear(site: Site) -> None:
    client = site(HTTPS="true", TRUSTED_PROXIES="1")

    sign_in(client, secure=True)

    assert set(client.cookies) == {"sessionid", "csrftoken"}
    assert all(cookie["secure"] for cookie in client.cookies.values())


def test_over_plain_http_the_cookies_still_work(site: Site) -> None:
    client = site()

    sign_in(client)

    assert not any(cookie["secure"] for cookie in client.cookies.values())
    assert client.get("/admin/").status_code == 200


@pytest.mark.parametrize("https", ["true", "false"])
def test_no_script_reads_the_session_and_no_other_site_sends_it(site: Site, https: str) -> None:
    client = site(HTTPS=https, TRUSTED_PROXIES="1")

    sign_in(client, secure=https == "true")

    assert client.cookies["sessionid"]["httponly"]
    assert {cookie["samesite"] for cookie in client.cookies.values()} == {"Lax"}


SAYS_HTTPS = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}


@pytest.mark.parametrize(
    ("variables", "is_believed"),
    [
        ({"HTTPS": "true", "TRUSTED_PROXIES": "1"}, True),
        ({"HTTPS": "true", "TRUSTED_PROXIES": "0"}, False),
        ({"HTTPS": "true"}, False),
    ],
)
def test_only_behind_a_trusted_proxy_is_a_header_believed_that_says_https(
    site: Site, variables: dict[str, str], is_believed: bool
) -> None:
    """Anybody can write it; believed, it would carry a password and a session in the clear."""
    client = site(**variables)

    answer = client.get("/admin/login/", headers=SAYS_HTTPS)

    if is_believed:
        assert answer.status_code == 200
        assert answer.wsgi_request.is_secure()
    else:
        assert answer.status_code == 301
        assert answer.headers["Location"].startswith("https://")
        assert not answer.wsgi_request.is_secure()
        assert not answer.cookies


@pytest.mark.parametrize("variables", [{}, {"HTTPS": "false", "TRUSTED_PROXIES": "1"}])
def test_without_https_such_a_header_means_nothing(site: Site, variables: dict[str, str]) -> None:
    answer = site(**variables).get("/admin/login/", headers=SAYS_HTTPS)

    assert answer.status_code == 200
    assert not answer.wsgi_request.is_secure()


def test_over_https_browsers_are_told_to_stay_there(site: Site) -> None:
    client = site(HTTPS="true", TRUSTED_PROXIES="1")

    answer = client.get("/admin/login/", secure=True)

    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert "Strict-Transport-Security" not in site(HTTPS="").get("/admin/login/").headers


def test_health_is_asked_in_the_clear_from_inside_and_answers(site: Site) -> None:
    client = site(HTTPS="true", TRUSTED_PROXIES="1")

    assert client.get("/healthz").status_code == 200
    assert client.get("/admin/login/").status_code == 301


def test_a_form_without_its_csrf_token_is_refused(site: Site) -> None:
    site()
    User.objects.create_superuser("admin", password="correct horse")
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    fields = {"username": "admin", "password": "correct horse"}

    assert client.post("/admin/login/", fields).status_code == 403
    assert "sessionid" not in client.cookies


def test_no_other_site_may_put_a_page_into_a_frame(site: Site) -> None:
    headers = site().get("/admin/login/").headers

    assert headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "same-origin"
