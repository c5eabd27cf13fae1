"""Nobody gives a key more than he holds, nor lets one work that can do more; all may end one."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db.models import Q
from django.test import Client

from manage_api.keys import queries, services, tokens
from manage_api.keys.models import ManageKey
from manage_api.keys.presets import PRESETS
from manage_api.operations import all_operations, all_scopes
from syteops.audit.models import AuditEntry, Outcome
from syteops.audit.visibility import AUDITOR
from syteops.core.actors import SYSTEM, ActorKind
from syteops.core.errors import Forbidden
from tests.fixtures import Api, signed_in
from tests.keys.key_pages import HOME, KEY, on, on_api, restricted, stored, text_of

pytestmark = pytest.mark.django_db
MANAGER = "keys.manage_api_keys"
USERS = "team.view_teammember"


def give(user: User, names: Iterable[str]) -> None:
    wanted = Q(pk=None)
    for name in names:
        app, _, codename = name.partition(".")
        wanted |= Q(content_type__app_label=app, codename=codename)
    user.user_permissions.set(Permission.objects.filter(wanted))


def permissions_of(scope: str) -> set[str]:
    found = [one for one in all_operations() if one.scope == scope]
    further = {one.viewset.further_permissions.get(one.endpoint, one.permission) for one in found}
    return {one.permission for one in found} | further


@pytest.fixture
def keeper(db: None) -> User:
    """Staff who manages keys, and reads CRM systems."""
    user = User.objects.create_user("keeper", password="keeper-password", is_staff=True)
    give(user, [MANAGER, *permissions_of("crm:read")])
    return user


@pytest.fixture
def pages(keeper: User) -> Client:
    return signed_in(keeper)


def create(client: Client, **fields: Any) -> Any:
    return client.post(
        f"{HOME}create/",
        {"public_id": tokens.new_id(), "name": "Tool", "days": "90", **fields},
    )


def refused(answer: Any, *missing: str) -> None:
    shown = text_of(answer)
    assert answer.status_code == 403
    assert not KEY.search(shown)
    for name in missing:
        assert name in shown


# --- What is new -----------------------------------------------------------------------------


@pytest.mark.parametrize("scope", sorted({"crm:write", "users:read", "crm:secrets", "audit:read"}))
def test_a_scope_that_the_maker_does_not_hold_is_not_given(pages: Client, scope: str) -> None:
    refused(create(pages, scopes=["crm:read", scope]), *permissions_of(scope))
    assert not ManageKey.objects.exists()
    refusal = AuditEntry.objects.get(outcome=Outcome.REFUSED)
    assert (refusal.object_resource, refusal.code) == ("keys", "permission_denied")


def test_each_scope_takes_every_permission_that_it_stands_for(keeper: User) -> None:
    """`crm:write` creates and changes: whoever only changes does not give it."""
    client = signed_in(keeper)
    walked = 0
    for scope in all_scopes():
        needed = permissions_of(scope)
        for lacking in needed:
            give(keeper, {MANAGER, *needed} - {lacking})
            refused(create(client, scopes=[scope]), lacking)
            walked += 1
        give(keeper, {MANAGER, *needed})
        assert KEY.search(text_of(create(client, scopes=[scope]))), scope
    assert walked >= len(all_scopes()) > 30


@pytest.mark.parametrize(
    ("scope", "permission"),
    [("variables:write", "automation.add_variable"), ("users:write", "auth.view_user")],
)
def test_what_only_some_calls_of_an_operation_need_counts_too(
    keeper: User, scope: str, permission: str
) -> None:
    """Setting a new variable, linking a login: a key is asked for its scope only."""
    operations = {one.permission for one in all_operations() if one.scope == scope}
    give(keeper, {MANAGER, *operations} - {permission})
    refused(create(signed_in(keeper), scopes=[scope]), permission)
    assert not ManageKey.objects.exists()


@pytest.mark.parametrize("slug", PRESETS)
def test_a_preset_is_no_way_round(pages: Client, slug: str) -> None:
    assert create(pages, preset=slug).status_code != 302
    assert not ManageKey.objects.exists()


def test_what_is_not_held_is_not_offered(pages: Client, page: Client) -> None:
    like = restricted(scopes=["crm:read", "users:write"])
    for address in (f"{HOME}create/", f"{HOME}create/?like={like.public_id}"):
        shown = text_of(pages.get(address))
        assert 'value="crm:read"' in shown
        assert 'value="users:write"' not in shown
        assert 'value="read_only"' not in shown
    assert 'value="users:write"' in text_of(page.get(f"{HOME}create/"))
    assert "can do more than you" in text_of(pages.get(f"{HOME}create/?like={like.public_id}"))


def test_the_site_key_takes_everything(keeper: User) -> None:
    everything = set().union(*map(permissions_of, all_scopes())) | {AUDITOR, MANAGER}
    client = signed_in(keeper)
    assert len(everything) > 30
    for lacking in everything - {MANAGER}:
        give(keeper, everything - {lacking})
        refused(client.post(on_api("generate")), lacking)
    assert not ManageKey.objects.exists()
    give(keeper, everything)
    assert KEY.search(text_of(client.post(on_api("generate"))))


def test_a_superuser_and_whoever_runs_the_site_give_everything(page: Client) -> None:
    assert KEY.search(text_of(page.post(on_api("generate"))))
    assert services.create_restricted_key(SYSTEM, name="All", scopes=all_scopes()).text


# --- What is there already -------------------------------------------------------------------


@pytest.mark.parametrize("overlap", [0, 900])
def test_rotating_is_no_way_to_a_key_that_can_do_more(pages: Client, overlap: int) -> None:
    tool = restricted(scopes=["crm:read", "users:read"])
    site = services.generate_site_key(SYSTEM).key
    before = stored()
    refused(pages.post(on(tool, "rotate"), {"overlap": overlap}), USERS)
    refused(pages.post(on(site, "rotate"), {"overlap": overlap}), USERS)
    assert stored() == before


def test_resuming_and_opening_are_for_those_who_hold_what_works_again(pages: Client) -> None:
    tool, _ = [restricted(scopes=["crm:read", "users:read"]) for _ in range(2)]
    assert pages.post(on(tool, "pause")).status_code == 302
    refused(pages.post(on(tool, "resume")), USERS)
    assert pages.post(on_api("disable")).status_code == 302
    refused(pages.post(on_api("enable")), USERS)
    tool.refresh_from_db()
    assert tool.paused_at
    assert not queries.api_enabled()


def test_a_key_in_its_overlap_counts_when_the_api_is_opened(pages: Client) -> None:
    """Its successor, which is paused, does not."""
    new = services.rotate_key(SYSTEM, restricted(scopes=["users:read"]), timedelta(days=1)).key
    services.pause_key(SYSTEM, new)
    pages.post(on_api("disable"))
    refused(pages.post(on_api("enable")), USERS)


def test_what_the_keeper_holds_is_the_keeper_s_to_give(pages: Client) -> None:
    tool = restricted(scopes=["crm:read"])
    for address in (on(tool, "pause"), on(tool, "resume"), on_api("disable"), on_api("enable")):
        assert pages.post(address).status_code == 302, address
    assert queries.api_enabled()
    assert KEY.search(text_of(pages.post(on(tool, "rotate"), {"overlap": 0})))


@pytest.mark.parametrize("slug", ["revoke", "pause"])
def test_ending_is_always_possible(pages: Client, slug: str) -> None:
    issued = services.create_restricted_key(SYSTEM, name="Mighty", scopes=all_scopes())
    assert pages.post(on(issued.key, slug)).status_code == 302
    assert Api(issued.text).get("/whoami").status_code in (401, 403)


def test_the_site_key_can_be_revoked_and_the_api_closed(pages: Client) -> None:
    text = services.generate_site_key(SYSTEM).text
    assert pages.post(on_api("disable")).status_code == 302
    assert not queries.api_enabled()
    key = queries.site_key()
    assert key is not None
    assert pages.post(on(key, "revoke")).status_code == 302
    assert Api(text).get("/whoami").status_code == 401


def test_buttons_that_would_be_refused_are_not_shown(pages: Client, page: Client) -> None:
    site = services.generate_site_key(SYSTEM).key
    services.set_api_enabled(SYSTEM, False)
    mine, theirs = text_of(pages.get(HOME)), text_of(page.get(HOME))
    for address in (on(site, "rotate"), on_api("enable")):
        assert address not in mine
        assert address in theirs
    assert on(site, "revoke") in mine


def test_who_acts_as_nobody_known_gives_nothing(keeper: User) -> None:
    """A key or a client that came as far as the service would hold nothing there."""
    for kind in set(ActorKind) - {ActorKind.SYSTEM, ActorKind.COMMAND}:
        for number in ("0", "", "abc"):
            with pytest.raises(Forbidden):
                services.generate_site_key(replace(SYSTEM, kind=kind, id=number))
    User.objects.filter(pk=keeper.pk).update(is_active=False, is_superuser=True)
    with pytest.raises(Forbidden):
        services.generate_site_key(replace(SYSTEM, kind=ActorKind.PERSON, id=str(keeper.pk)))
