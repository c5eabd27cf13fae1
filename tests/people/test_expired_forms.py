"""Two tabs, one person: a form that a sign-in made invalid leads on, or says what to do."""

import re
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from syteops.crm.models import CrmSystem

pytestmark = pytest.mark.django_db

LOGIN = "/admin/login/"


def open_form(client: Client, path: str = LOGIN) -> str:
    """The token in the form of that page."""
    found = re.search(
        r'name="csrfmiddlewaretoken" value="(\w+)"', client.get(path).content.decode()
    )
    assert found
    return found[1]


@pytest.fixture
def browser() -> Client:
    return Client(enforce_csrf_checks=True)


def send(client: Client, token: str, path: str = LOGIN, **values: Any) -> Any:
    name = {"username": "alice", "password": "alice-password"}
    return client.post(path, {**name, "csrfmiddlewaretoken": token, **values})


@pytest.fixture
def stale_token(browser: Client, alice: User) -> str:
    """That of a second tab, in which the sign-in page was open when the first one signed in."""
    token = open_form(browser)
    assert send(browser, open_form(browser)).status_code == 302
    return token


@pytest.mark.parametrize(
    ("wanted", "destination"),
    [
        ("/admin/crm/crmsystem/", "/admin/crm/crmsystem/"),
        ("", "/admin/"),
        ("https://evil.example/", "/admin/"),
        ("//evil.example/", "/admin/"),
        ("javascript:alert(1)", "/admin/"),
    ],
)
def test_the_second_tab_goes_straight_on(
    browser: Client, stale_token: str, wanted: str, destination: str
) -> None:
    sent, loaded = send(browser, stale_token, next=wanted), browser.get(LOGIN, {"next": wanted})
    for answer in (sent, loaded):
        assert (answer.status_code, answer["Location"]) == (302, destination)


def test_another_password_in_it_changes_nothing(browser: Client, stale_token: str) -> None:
    send(browser, stale_token, username="mallory", password="x")
    assert "alice" in browser.get("/admin/").content.decode()


def test_without_a_sign_in_the_page_says_what_to_do(browser: Client, alice: User) -> None:
    answer = send(browser, "x" * 64)
    assert answer.status_code == 403
    shown = answer.content.decode()
    assert "This form is not valid any more" in shown
    assert "load the page again" in shown
    assert "CSRF" not in shown
    assert browser.get("/admin/").status_code == 302


def test_any_other_form_says_so_too(browser: Client, stale_token: str) -> None:
    answer = send(browser, stale_token, "/admin/crm/crmsystem/add/", name="Acme")
    assert answer.status_code == 403
    assert "This form is not valid any more" in answer.content.decode()


def test_a_form_that_comes_after_the_session_says_at_the_sign_in_that_it_is_lost(
    browser: Client, stale_token: str
) -> None:
    """It led there without a word, and from there to an empty form: as if it was stored."""
    path = "/admin/crm/crmsystem/add/"
    token = open_form(browser, path)
    for name in [name for name in browser.cookies if name != settings.CSRF_COOKIE_NAME]:
        del browser.cookies[name]
    sent = browser.post(path, {"name": "Acme", "csrfmiddlewaretoken": token}, follow=True)
    assert sent.redirect_chain == [(f"{LOGIN}?next={path}", 302)]
    assert "Nothing was stored" in sent.content.decode()
    assert not CrmSystem.objects.exists()
    assert send(browser, open_form(browser), next=path)["Location"] == path
    assert "Nothing was stored" not in browser.get(path).content.decode()


@pytest.mark.parametrize("path", [LOGIN, "/admin/", "/admin/crm/crmsystem/add/"])
def test_who_only_looks_is_told_of_no_form(browser: Client, alice: User, path: str) -> None:
    assert "Nothing was stored" not in browser.get(path, follow=True).content.decode()


def test_a_sign_in_form_that_is_older_than_its_cookie_says_what_to_do(
    browser: Client, alice: User
) -> None:
    """As without cookies at all: both are asked for on the page."""
    token = open_form(browser)
    browser.cookies.clear()
    without = send(browser, token)
    open_form(browser)
    for answer in (without, send(browser, token)):
        assert answer.status_code == 403
        assert "cookies are switched off" in answer.content.decode()
    assert send(browser, open_form(browser)).status_code == 302


def test_a_sign_out_of_a_tab_from_before_the_last_sign_in_says_what_to_do(
    browser: Client, stale_token: str
) -> None:
    answer = browser.post("/admin/logout/", {"csrfmiddlewaretoken": stale_token})
    assert answer.status_code == 403
    assert "load the page again" in answer.content.decode()
    assert browser.get("/admin/").status_code == 200


def test_to_sign_out_twice_ends_at_the_sign_in(browser: Client, stale_token: str) -> None:
    token = open_form(browser, "/admin/")
    assert browser.post("/admin/logout/", {"csrfmiddlewaretoken": token}).status_code == 200
    answer = browser.post("/admin/logout/", {"csrfmiddlewaretoken": "x" * 64})
    assert (answer.status_code, answer["Location"]) == (302, LOGIN)


def test_a_staff_member_who_may_not_use_the_admin_is_not_led_there(
    browser: Client, charlie: User
) -> None:
    browser.force_login(charlie)
    assert send(browser, "x" * 64).status_code == 403
