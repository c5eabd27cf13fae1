"""What people see who come to a page that is not there, not theirs, or broken."""

import html
from base64 import b64encode
from hashlib import sha256
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpResponse
from django.test import Client
from django.urls import path

from syteops import urls
from syteops.urls import handler400, handler403, handler404, handler500  # noqa: F401
from tests.fixtures import signed_in

pytestmark = pytest.mark.django_db

RAISED = {
    400: SuspiciousOperation("internals"),
    403: PermissionDenied("internals"),
    404: Http404("internals"),
    500: RuntimeError("internals"),
}


def _raise(request: Any, status: int) -> HttpResponse:
    raise RAISED[status]


urlpatterns = [
    path("admin/broken/<int:status>", _raise),
    path("c/broken/<int:status>", _raise),
    path("api/broken/<int:status>", _raise),
    *urls.urlpatterns,
]
each_status = pytest.mark.parametrize("status", RAISED)


@pytest.fixture
def visitor(client: Client, settings: Any) -> Client:
    settings.ROOT_URLCONF = __name__
    client.raise_request_exception = False
    return client


def page_of(response: Any, status: int) -> str:
    assert response.status_code == status
    assert response["Content-Type"] == "text/html; charset=utf-8"
    assert response["Cache-Control"] == "no-store"
    page = str(response.content, "utf-8")
    style = page.partition("<style>")[2].partition("</style>")[0]
    own = b64encode(sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{own}'" in response["Content-Security-Policy"]
    page = html.unescape(page)
    assert f"<header>{settings.SITE_NAME}</header>" in page
    assert "internals" not in page
    return page


@each_status
def test_in_the_admin_the_page_leads_back_to_the_start(visitor: Client, status: int) -> None:
    page = page_of(visitor.get(f"/admin/broken/{status}"), status)
    assert '<a href="/admin/">To the start page</a>' in page


@each_status
def test_a_client_is_not_led_to_the_admin(visitor: Client, status: int) -> None:
    assert "/admin/" not in page_of(visitor.get(f"/c/broken/{status}"), status)


@pytest.mark.parametrize("address", ["/nothing", "/e", "/admins/"])
def test_from_where_nothing_is_the_way_leads_to_the_start(visitor: Client, address: str) -> None:
    page = page_of(visitor.get(address), 404)
    assert '<a href="/admin/">To the start page</a>' in page


@each_status
def test_below_the_api_it_is_a_problem_document(visitor: Client, status: int) -> None:
    response = visitor.get(f"/api/broken/{status}")
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["status"] == status


def test_what_is_broken_has_a_number_to_tell(visitor: Client) -> None:
    response = visitor.get("/admin/broken/500")
    assert response["X-Request-ID"] in page_of(response, 500)


def test_a_host_that_is_not_ours_is_told_nothing_of_the_site(client: Client) -> None:
    page = page_of(client.get("/admin/", headers={"Host": "evil.example"}), 400)
    assert "evil.example" not in page


def test_bob_reads_that_he_may_not(bob: User) -> None:
    page = page_of(signed_in(bob).get("/admin/notes/note/"), 403)
    assert "Your rights do not reach so far." in page
