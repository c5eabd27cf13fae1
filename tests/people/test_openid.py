"""A provider signs in who has an account here with an address that it has verified; nobody else."""

import time
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.checks import run_checks
from django.test import Client
from pytest_django import Settings

from syteops.audit.models import AuditEntry
from syteops.people import lockout
from syteops.people.passwords import require_change
from tests.fixtures import signed_in
from tests.people.authenticator_app import (
    SECOND,
    SIGN_IN,
    Clock,
    clock,
    is_in,
    set_up,
)
from tests.people.openid_provider import Provider
from tests.people.openid_sign_in import BACK, GO, come_back, go, provider, refused, running, sign_in

pytestmark = pytest.mark.django_db

__all__ = ["clock", "provider", "running"]


# --- Who comes in --------------------------------------------------------------------------


def test_who_has_the_verified_address_is_signed_in(
    client: Client, provider: Provider, bob: User
) -> None:
    answer = sign_in(client, provider, "/admin/crm/crmsystem/")
    assert answer["Location"] == "/admin/crm/crmsystem/"
    assert client.session["_auth_user_id"] == str(bob.pk)
    entry = AuditEntry.objects.get(event="person.signed_in")
    assert (entry.actor_label, entry.operation) == ("bob", "people.openid")


def test_nobody_is_kept_out_because_redis_is_away(
    client: Client, provider: Provider, bob: User, settings: Settings
) -> None:
    settings.CACHE_URL = "redis://127.0.0.1:1/0"
    backend = "syteops.core.redis_cache.RedisCache"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": settings.CACHE_URL}}
    sign_in(client, provider)
    assert is_in(client)


@pytest.mark.parametrize("way", [["client_secret_post"], ["client_secret_basic", "other"]])
def test_the_client_proves_itself_as_the_provider_wants(
    client: Client, provider: Provider, bob: User, way: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.configuration = {"token_endpoint_auth_methods_supported": way}
    seen: list[bool] = []

    def look(form: dict[str, str], authorization: str) -> str:
        seen.append("client_secret" in form)
        return ""

    monkeypatch.setattr(provider, "problem_of", look)
    sign_in(client, provider)
    assert is_in(client)
    assert seen == [way == ["client_secret_post"]]


def test_capitals_of_an_address_do_not_matter(
    client: Client, provider: Provider, bob: User
) -> None:
    provider.claims = {"email": "BOB@Example.com"}
    sign_in(client, provider)
    assert is_in(client)


def test_the_address_may_come_by_the_other_door(
    client: Client, provider: Provider, bob: User
) -> None:
    provider.claims = {"email": None, "email_verified": None}
    provider.info = {"sub": "1234", "email": "bob@example.com", "email_verified": True}
    sign_in(client, provider)
    assert is_in(client)


def test_a_second_factor_is_asked_for_all_the_same(
    client: Client, provider: Provider, bob: User, clock: Clock
) -> None:
    app = set_up(signed_in(bob), clock)
    answer = sign_in(client, provider, "/admin/crm/crmsystem/")
    assert answer["Location"].startswith(SECOND)
    assert not is_in(client)
    assert client.get("/api/manage/v1/whoami").status_code == 401
    answer = client.post(answer["Location"], {"code": app.code()})
    assert answer["Location"] == "/admin/crm/crmsystem/"
    assert AuditEntry.objects.get(event="person.signed_in").operation == "people.openid"


def test_what_comes_first_comes_first(
    client: Client, provider: Provider, bob: User, settings: Settings
) -> None:
    settings.SECOND_FACTOR = "required"
    sign_in(client, provider)
    assert client.get("/admin/")["Location"] == "/admin/second-factor/"
    require_change(bob)
    sign_in(other := Client(), provider)
    assert other.get("/admin/")["Location"] == "/admin/password_change/"


@pytest.mark.parametrize(("seconds", "comes_in"), [(590, True), (610, False)])
def test_who_went_to_the_provider_has_ten_minutes(
    client: Client,
    provider: Provider,
    bob: User,
    monkeypatch: pytest.MonkeyPatch,
    seconds: int,
    comes_in: bool,
) -> None:
    go(client, provider)
    assert client.cookies["openid"]["httponly"]  # no script carries it elsewhere
    later = time.time() + seconds
    monkeypatch.setattr("django.core.signing.time", SimpleNamespace(time=lambda: later))
    come_back(client, provider)
    assert is_in(client) == comes_in


def test_nothing_of_the_person_changes(client: Client, provider: Provider, bob: User) -> None:
    before: dict[str, Any] = {**User.objects.values().get()}
    provider.claims = {"is_superuser": True, "groups": ["admin"], "name": "Mallory", "roles": ["x"]}
    sign_in(client, provider)
    after: dict[str, Any] = {**User.objects.values().get()}
    assert {n for n in after if after[n] != before[n]} == {"last_login"}
    assert not bob.groups.exists()


# --- The way there and back ----------------------------------------------------------------


@pytest.mark.parametrize("state", ["", "of-another-browser", "é"])
def test_an_answer_to_another_browser_is_none(
    client: Client, provider: Provider, bob: User, state: str
) -> None:
    go(client, provider)
    refused(client, come_back(client, provider, state=state))


def test_nobody_is_signed_in_with_the_code_of_another(provider: Provider, bob: User) -> None:
    """Else a link would sign one in as somebody else, who sees what is entered then."""
    victim, attacker = Client(), Client()
    go(attacker, provider)
    refused(victim, come_back(victim, provider))
    theirs = dict(provider.asked)
    go(victim, provider)
    mine, provider.asked = provider.asked["state"], theirs
    refused(victim, come_back(victim, provider, state=mine))
    assert provider.refusals == ["verifier"]


def test_an_answer_is_good_for_ten_minutes(
    client: Client, provider: Provider, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    go(client, provider)
    now = time.time()
    monkeypatch.setattr("django.core.signing.time.time", lambda: now + 601)
    refused(client, come_back(client, provider))


def test_a_cookie_of_one_s_own_making_is_none(
    client: Client, provider: Provider, bob: User
) -> None:
    go(client, provider)
    client.cookies["openid"] = '{"state": "x", "nonce": "y", "verifier": "z", "next": "/"}'
    refused(client, come_back(client, provider, state="x"))


def test_a_refusal_there_is_told_here(client: Client, provider: Provider, bob: User) -> None:
    go(client, provider)
    refused(client, come_back(client, provider, code="", error="access_denied<script>"))


@pytest.mark.parametrize(
    "then", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_no_address_leads_to_another_site(
    client: Client, provider: Provider, bob: User, then: str
) -> None:
    assert sign_in(client, provider, then)["Location"] == "/admin/"


def test_it_comes_back_to_the_site_s_own_address(
    client: Client, provider: Provider, bob: User, settings: Settings
) -> None:
    settings.SITE_URL = "https://ops.example.com"
    go(client, provider)
    assert provider.asked["redirect_uri"] == f"https://ops.example.com{BACK}"
    assert provider.asked["scope"] == "openid email"
    assert provider.asked["code_challenge_method"] == "S256"


@pytest.fixture
def failed(
    provider: Provider, bob: User, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> int:
    """Sign-ins that somebody has failed from Bob's address: as many as would lock a name."""
    monkeypatch.setattr(lockout, "MOST_A_MINUTE", settings.AXES_FAILURE_LIMIT + 1)
    provider.claims = {"email_verified": False}
    stranger = Client()
    for _ in range(settings.AXES_FAILURE_LIMIT):
        sign_in(stranger, provider)
    provider.claims = {}
    return int(settings.AXES_FAILURE_LIMIT)


def test_who_fails_shuts_out_nobody_else_behind_the_same_address(
    client: Client, provider: Provider, failed: int
) -> None:
    sign_in(client, provider)
    assert is_in(client)


def test_an_address_that_fails_all_the_time_has_to_wait(
    client: Client, provider: Provider, failed: int
) -> None:
    go(client, provider)
    client.get(BACK)
    answer = come_back(client, provider)
    assert (answer.status_code, 0 < int(answer["Retry-After"]) <= 60) == (429, True)
    assert not is_in(client)


@pytest.mark.parametrize(
    "lied",
    [
        {"issuer": "https://evil.example"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": None},
    ],
)
def test_a_provider_that_lies_leads_nowhere(
    client: Client, provider: Provider, lied: dict[str, Any]
) -> None:
    provider.configuration = lied
    refused(client, client.get(GO))


def test_a_provider_that_is_away_is_told(client: Client, settings: Settings) -> None:
    settings.OIDC_ISSUER = "http://127.0.0.1:9"
    refused(client, client.get(GO))


def test_a_private_address_is_asked_only_where_the_site_says_so(
    client: Client, settings: Settings, provider: Provider
) -> None:
    settings.ALLOW_PRIVATE_URLS = False
    refused(client, client.get(GO))
    settings.ALLOWED_PRIVATE_ORIGINS = [provider.issuer]
    assert client.get(GO)["Location"].startswith(provider.issuer)


# --- Settings ------------------------------------------------------------------------------


def test_the_button_is_there_where_it_is_set_up(client: Client, settings: Settings) -> None:
    text = client.get(f"{SIGN_IN}?next=/admin/crm/").content.decode()
    assert "Sign in with Acme" in text
    assert f"{GO}?next=/admin/crm/" in text
    settings.OIDC_ISSUER = ""
    assert "Sign in with" not in client.get(SIGN_IN).content.decode()
    assert client.get(GO).status_code == 404


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OIDC_CLIENT_ID", ""),
        ("OIDC_CLIENT_SECRET", ""),
        ("OIDC_ISSUER", "login.example.com"),
        ("OIDC_ISSUER", "ftp://login.example.com"),
    ],
)
def test_what_cannot_work_stops_the_start(settings: Settings, name: str, value: str) -> None:
    assert not [one for one in run_checks() if one.id == "syteops.E013"]
    setattr(settings, name, value)
    [found] = [one for one in run_checks() if one.id == "syteops.E013"]
    assert name in found.msg
