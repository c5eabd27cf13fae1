"""Setting two-step sign-in up and switching it off; and having to."""

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from syteops.people.factors import has_factor
from syteops.people.passwords import create_first_admin
from tests.fixtures import signed_in
from tests.people.authenticator_app import (
    OWN,
    SIGN_IN,
    App,
    Clock,
    after_a_while,
    clock,
    enter_code,
    enter_password,
    is_in,
    scanned,
    set_up,
    shown_codes,
    trail,
)
from tests.people.person_pages import NEW_PASSWORD

pytestmark = pytest.mark.django_db

__all__ = ["clock"]


# --- Setting it up -------------------------------------------------------------------------


def test_it_is_set_up_with_a_first_code_and_shows_recovery_codes_once(
    page: Client, alice: User, clock: Clock
) -> None:
    app = set_up(page, clock)
    assert len({*app.recovery}) == 10
    assert has_factor(alice)
    assert trail() == [("person.second_factor_added", "alice", "alice")]
    later = page.get(OWN)
    assert b"10 recovery codes left" in later.content
    for secret in (app.secret, *app.recovery):
        assert secret not in later.content.decode()
    assert "no-store" in later["Cache-Control"]


def test_the_picture_is_inside_the_page(page: Client) -> None:
    text = page.get(OWN).content.decode()
    assert 'src="data:image/svg+xml;base64,' in text


def test_the_secret_stays_while_codes_are_tried(page: Client, alice: User, clock: Clock) -> None:
    secret = scanned(page)
    answer = page.post(OWN, {"code": "000000"})
    assert "This code is not right" in answer.content.decode()
    assert not has_factor(alice)
    assert scanned(page) == secret


def test_the_secret_is_the_site_s_choice(page: Client, alice: User, clock: Clock) -> None:
    """Else whoever makes a person send a form would know the codes."""
    scanned(page)
    mine = App("JBSWY3DPEHPK3PXP", [], clock)
    page.post(OWN, {"code": mine.code(), "secret": mine.secret})
    assert not has_factor(alice)


def test_a_code_without_the_page_sets_nothing_up(page: Client, alice: User, clock: Clock) -> None:
    answer = page.post(OWN, {"code": "000000"})
    assert "The page was too old" in answer.content.decode()
    assert not has_factor(alice)


def test_a_second_app_needs_the_first_one_off(page: Client, alice: User, clock: Clock) -> None:
    app = set_up(page, clock)
    before = Authenticator.objects.get(type="totp").data
    page.post(OWN, {"code": app.code()})
    assert Authenticator.objects.get(type="totp").data == before


def test_an_old_sign_in_asks_for_the_password_first(
    page: Client, alice: User, clock: Clock
) -> None:
    """Else whoever finds a browser open could lock its person out."""
    app = App(scanned(page), [], clock)
    after_a_while(page)
    for password in ("", "wrong", "bob-password"):
        page.post(OWN, {"code": app.code(), "password": password})
        assert not has_factor(alice)
    page.post(OWN, {"code": app.code(), "password": "alice-password"})
    assert has_factor(alice)


def test_everybody_has_the_link_in_the_account_menu(bob: User) -> None:
    assert OWN in signed_in(bob).get("/admin/").content.decode()


# --- New codes, and off --------------------------------------------------------------------


def test_new_recovery_codes_take_the_place_of_the_former(alice: User, clock: Clock) -> None:
    browser = signed_in(alice)
    app = set_up(browser, clock)
    codes = shown_codes(browser.post(f"{OWN}codes/"))
    assert not {*codes} & {*app.recovery}
    assert trail()[-1] == ("person.recovery_codes_made", "alice", "alice")
    for code, works in ((app.recovery[0], False), (codes[0], True)):
        client = Client()
        enter_password(client, alice)
        enter_code(client, code)
        assert is_in(client) == works


def test_switched_off_the_password_is_enough(alice: User, clock: Clock) -> None:
    browser, other = signed_in(alice), Client()
    app = set_up(browser, clock)
    enter_password(other, alice)
    enter_code(other, app.code())
    browser.post(f"{OWN}off/")
    assert not Authenticator.objects.exists()
    assert trail()[-1] == ("person.second_factor_removed", "alice", "alice")
    assert browser.get("/admin/").status_code == 200
    assert other.get("/admin/").status_code == 302
    enter_password(other, alice)
    assert is_in(other)


@pytest.mark.parametrize("page_of", ["off", "codes"])
def test_an_old_sign_in_changes_nothing_without_the_password(
    alice: User, clock: Clock, page_of: str
) -> None:
    browser = signed_in(alice)
    set_up(browser, clock)
    before = list(Authenticator.objects.order_by("pk").values())
    after_a_while(browser)
    for password in ("", "wrong"):
        browser.post(f"{OWN}{page_of}/", {"password": password})
    browser.get(f"{OWN}{page_of}/")
    assert list(Authenticator.objects.order_by("pk").values()) == before
    browser.post(f"{OWN}{page_of}/", {"password": "alice-password"})
    assert list(Authenticator.objects.order_by("pk").values()) != before


@pytest.mark.parametrize("page_of", ["off", "codes"])
def test_who_has_none_is_told_so(page: Client, page_of: str) -> None:
    answer = page.post(f"{OWN}{page_of}/", follow=True)
    assert "second factor" in answer.content.decode()
    assert not Authenticator.objects.exists()


def test_another_person_s_stays(page: Client, bob: User, clock: Clock) -> None:
    set_up(signed_in(bob), clock)
    set_up(page, clock)
    page.post(f"{OWN}off/")
    assert has_factor(bob)


# --- Having to -----------------------------------------------------------------------------


@pytest.fixture
def required(settings: Settings) -> None:
    settings.SECOND_FACTOR = "required"


@pytest.mark.usefixtures("required")
@pytest.mark.parametrize("path", ["/admin/", "/admin/crm/crmsystem/", "/admin/guides/", "/nothing"])
def test_every_page_leads_to_setting_it_up(bob: User, path: str) -> None:
    answer = signed_in(bob).get(path)
    assert (answer.status_code, answer["Location"]) == (302, OWN)


@pytest.mark.usefixtures("required")
def test_writing_is_not_possible_either(page: Client) -> None:
    page.post("/admin/auth/user/add/", {"username": "mallory", "usable_password": "false"})
    assert not User.objects.filter(username="mallory").exists()


@pytest.mark.usefixtures("required")
@pytest.mark.parametrize("path", ["/api/manage/v1/whoami", "/wp-json/syteops/v1/manage/manifest"])
def test_the_api_says_what_to_do_first(page: Client, path: str) -> None:
    answer = page.get(path)
    assert answer.status_code == 403
    assert "Set up two-step sign-in" in answer.content.decode()


@pytest.mark.usefixtures("required")
def test_switching_off_promises_nothing_that_the_site_forbids(page: Client, clock: Clock) -> None:
    set_up(page, clock)
    assert "password alone" not in page.get(f"{OWN}off/").content.decode()
    shown = page.post(f"{OWN}off/", follow=True).content.decode()
    assert "Two-step sign-in is off." in shown
    assert "wants a second step" in shown
    assert "password alone" not in shown


@pytest.mark.usefixtures("required")
def test_once_it_is_set_up_everything_opens(page: Client, alice: User, clock: Clock) -> None:
    assert "wants a second step" in page.get(OWN).content.decode()
    app = set_up(page, clock)
    assert page.get("/admin/").status_code == 200
    assert page.get("/api/manage/v1/whoami").status_code == 200
    client = Client()
    enter_password(client, alice)
    enter_code(client, app.code())
    assert client.get("/admin/").status_code == 200


@pytest.mark.usefixtures("required")
def test_after_a_one_time_password_it_comes_second(client: Client, clock: Clock) -> None:
    password = create_first_admin("admin")
    client.post(SIGN_IN, {"username": "admin", "password": password})
    assert client.get(OWN)["Location"] == "/admin/password_change/"
    new = {"new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
    client.post("/admin/password_change/", {"old_password": password, **new})
    assert client.get("/admin/")["Location"] == OWN
    set_up(client, clock)
    assert client.get("/admin/").status_code == 200


@pytest.mark.usefixtures("required")
def test_switched_off_another_one_is_set_up_at_once(page: Client, clock: Clock) -> None:
    set_up(page, clock)
    page.post(f"{OWN}off/")
    assert page.get("/admin/")["Location"] == OWN


@pytest.mark.usefixtures("required")
def test_signing_out_is_possible_and_nobody_else_is_sent_there(client: Client, bob: User) -> None:
    assert client.get("/admin/login/").status_code == 200
    browser = signed_in(bob)
    assert browser.post("/admin/logout/").status_code == 200
    assert not is_in(browser)


def test_where_nobody_has_to_it_costs_no_query(
    bob: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    browser = signed_in(bob)
    with django_assert_num_queries(1):  # the session: nobody is looked up
        assert browser.get("/no-such-page").status_code == 404
