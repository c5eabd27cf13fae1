"""A session's id is in the browser and nowhere else."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from syteops.audit.models import AuditEntry
from syteops.people.sessions import SessionStore, end_sessions, stored_key
from tests.fixtures import signed_in
from tests.people.person_pages import save

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(alice: User) -> Client:
    client = Client()
    client.post("/admin/login/", {"username": "alice", "password": "alice-password"})
    assert client.get("/admin/").status_code == 200
    return client


def id_of(client: Client) -> str:
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def with_id(text: str) -> Client:
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = text
    return client


def test_the_database_does_not_know_the_id(page: Client) -> None:
    stored = Session.objects.get()

    assert stored.session_key == stored_key(id_of(page))
    assert id_of(page) not in str(Session.objects.values())


def test_what_stands_in_the_database_opens_nothing(page: Client) -> None:
    for text in (Session.objects.get().session_key, "", "x" * 32):
        assert with_id(text).get("/admin/").status_code == 302
    assert with_id(id_of(page)).get("/admin/").status_code == 200


def test_an_id_that_a_former_version_left_in_clear_opens_nothing(page: Client) -> None:
    Session.objects.update(session_key=id_of(page))

    assert page.get("/admin/").status_code == 302


def test_signing_in_gives_a_new_id_and_signing_out_ends_it(page: Client, alice: User) -> None:
    first = id_of(page)
    page.post("/admin/logout/")
    assert not Session.objects.exists()
    assert with_id(first).get("/admin/").status_code == 302

    page.post("/admin/login/", {"username": "alice", "password": "alice-password"})
    assert id_of(page) != first


def test_a_new_password_ends_the_other_sessions_and_keeps_this_one(page: Client) -> None:
    other = Client()
    other.post("/admin/login/", {"username": "alice", "password": "alice-password"})
    words = {"new_password1": "canary horse battery", "new_password2": "canary horse battery"}

    page.post("/admin/password_change/", {"old_password": "alice-password", **words})

    assert page.get("/admin/").status_code == 200
    assert other.get("/admin/").status_code == 302


def test_whoever_is_signed_out_everywhere_else_is_so_alone(
    page: Client, alice: User, bob: User
) -> None:
    elsewhere, of_another = Client(), Client()
    elsewhere.force_login(alice)
    of_another.force_login(bob)

    end_sessions(alice, but=id_of(page))

    assert SessionStore(id_of(page)).load()
    assert SessionStore(id_of(of_another)).load()
    assert not SessionStore(id_of(elsewhere)).load()


@pytest.mark.parametrize("name", ["is_active", "is_staff"])
def test_whoever_was_deactivated_signs_in_anew_once_active_again(
    page: Client, bob: User, name: str
) -> None:
    """Whoever has a lost device by then has no session on it."""
    others, url = signed_in(bob), f"/admin/auth/user/{bob.pk}/change/"
    fields = {"username": "bob", "email": bob.email, "is_staff": "on", "is_active": "on"}

    page.post(url, {**fields, name: ""})
    page.post(url, fields)

    bob.refresh_from_db()
    assert bob.is_active
    assert bob.is_staff
    assert "/login/" in others.get("/admin/").headers["Location"]
    assert page.get("/admin/").status_code == 200


def test_where_an_address_signs_in_another_one_ends_what_began_with_the_former(
    page: Client, alice: User, bob: User, settings: Settings
) -> None:
    """Whoever still has that mailbox was let in by it."""
    others = signed_in(bob)
    save(page, bob, email="bobby@example.com")
    assert others.get("/admin/").status_code == 200
    settings.OIDC_ISSUER = "https://login.example.com"
    save(page, alice, email="own@example.com")
    save(page, bob, email="bob@example.com", first_name="Bob")

    assert "/login/" in others.get("/admin/").headers["Location"]
    assert page.get("/admin/").status_code == 200


def test_nor_by_undoing_it(page: Client, bob: User) -> None:
    others = signed_in(bob)
    page.post(f"/admin/auth/user/{bob.pk}/change/", {"username": "bob", "email": bob.email})
    entry = AuditEntry.objects.filter(event="person.updated")[0]
    page.post(f"/admin/audit/auditentry/{entry.pk}/undo/")

    bob.refresh_from_db()
    assert bob.is_active
    assert "/login/" in others.get("/admin/").headers["Location"]


def test_whoever_empties_the_table_signs_everybody_out(page: Client) -> None:
    Session.objects.all().delete()

    assert page.get("/admin/").status_code == 302


def test_what_is_kept_in_a_session_is_found_again() -> None:
    store = SessionStore()
    store["colour"] = "blue"
    store.save()
    key = store.session_key
    assert key is not None
    assert store.exists(key)
    assert not store.exists(stored_key(key))

    again = SessionStore(key)
    assert again["colour"] == "blue"
    again["colour"] = "red"
    again.save()
    again.cycle_key()

    assert not SessionStore(key).exists(key)
    assert SessionStore(again.session_key)["colour"] == "red"
    again.flush()
    assert not Session.objects.exists()


def test_a_session_that_has_ended_is_nobody_s(page: Client) -> None:
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))

    assert page.get("/admin/").status_code == 302
    call_command("clearsessions")
    assert not Session.objects.exists()
