"""A call with a key passes nothing that is there for people; people's requests pass all of it."""

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.fixtures import API, Api, signed_in


def test_a_call_with_a_key_does_not_even_look_at_the_session(alice: User, site_key: str) -> None:
    browser = signed_in(alice)

    with CaptureQueriesContext(
        connection,
    ) as queries:
        response = browser.get(f"{API}/whoami", headers={"X-API-Key": site_key})

    assert response.json()["kind"] == "site_key"
    assert [one["sql"] for one in queries if "session" in one["sql"]] == []
    assert not hasattr(response.wsgi_request, "session")


@pytest.mark.parametrize("header", ["X-API-Key", "Authorization"])
def test_a_bad_key_is_not_saved_by_a_session(alice: User, header: str) -> None:
    assert signed_in(alice).get(f"{API}/whoami", headers={header: "Basic x"}).status_code == 401


def test_a_key_opens_no_page_of_the_admin(site_key: str) -> None:
    response = Client().get("/admin/", headers={"X-API-Key": site_key})
    assert response.status_code == 302


def test_a_key_does_not_spare_a_form_its_token(alice: User, site_key: str) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)
    response = browser.post("/admin/crm/crmsystem/add/", {}, headers={"X-API-Key": site_key})
    assert response.status_code == 403


def test_a_session_on_the_api_needs_its_token_still(alice: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)
    body = {"name": "HubSpot"}
    response = browser.post(f"{API}/crm-systems", body, "application/json")
    assert response.json()["code"] == "permission_denied"


def test_a_host_that_is_not_allowed_is_refused_with_a_key_too(api: Api) -> None:
    response = api.get("/whoami", Host="elsewhere.example")
    assert response.status_code == 400
    assert "ALLOWED_HOSTS" in response.json()["detail"]


def test_a_call_with_a_key_is_answered_with_length_and_frame_policy(api: Api) -> None:
    response = api.get("/crm-systems")
    assert response["Content-Length"] == str(len(response.content))
    assert response["X-Frame-Options"] == "DENY"
