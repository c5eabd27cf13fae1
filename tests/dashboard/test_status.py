"""The site's status: derived, complete, and without what the caller must not see."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection

from manage_api.keys import services as keys
from syteops import __version__
from syteops.core.actors import SYSTEM
from syteops.crm import services as crm
from syteops.dashboard import status
from syteops.integrations import services as integrations
from syteops.modules import services as modules
from tests.fixtures import Api
from tests.samples.integrations import enable_relay


def test_the_state_of_a_new_site(api: Api) -> None:
    shown = api.get("/status").json()
    counts = shown.pop("counts")
    assert shown == {
        "version": __version__,
        "active_modules": ["estimates", "notes"],
        "enabled_integrations": 0,
        "integrations_enabled_count": 0,
        "api_state": "enabled",
        "database": connection.vendor,
        "pending_migrations": 0,
        "worker_lag": 0,
    }
    assert {"crm", "users", "roles", "notes_items"} <= set(counts)
    assert counts["crm"] == 0
    assert not {"keys", "audit", "modules", "integrations", "license"} & set(counts)


def test_it_follows_every_change_at_once(api: Api) -> None:
    system = crm.create_crm_system(SYSTEM, name="HubSpot")
    crm.create_crm_system(SYSTEM, name="Zoho")
    crm.delete_crm_system(SYSTEM, system)
    modules.deactivate(SYSTEM, modules.locked_state("notes"))
    enable_relay()

    shown = api.get("/status").json()
    assert shown["counts"]["crm"] == 1
    assert shown["active_modules"] == ["estimates"]
    assert "notes_items" not in shown["counts"]
    assert shown["enabled_integrations"] == shown["integrations_enabled_count"] == 1

    integrations.disable(SYSTEM, integrations.locked_state("relay"))
    assert api.get("/status").json()["enabled_integrations"] == 0


def test_the_api_state_is_what_a_tool_would_meet(
    as_person: Callable[[User], Api], alice: User, make_key: Callable[..., str]
) -> None:
    person = as_person(alice)

    def state() -> Any:
        return person.get("/status").json()["api_state"]

    assert state() == "no_key"
    make_key("crm:read")
    assert state() == "enabled"
    keys.set_api_enabled(SYSTEM, False)
    assert state() == "disabled"


def test_pending_migrations_are_counted(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status, "pending_migrations", lambda: ["crm.0009_more", "ai.0002_x"])
    assert api.get("/status").json()["pending_migrations"] == 2


def test_it_needs_its_own_right(as_person: Callable[[User], Api], bob: User) -> None:
    refused = as_person(bob).get("/status")
    assert refused.status_code == 403
    assert refused.json()["permission"] == "site.view_status"
    bob.user_permissions.add(Permission.objects.get(codename="view_status"))
    assert as_person(bob).get("/status").status_code == 200
    assert as_person(bob).get("/license").status_code == 403


def test_a_restricted_key_needs_its_scope(make_key: Callable[..., str]) -> None:
    assert Api(make_key("status:read")).get("/status").status_code == 200
    refused = Api(make_key("license:read")).get("/status")
    assert (refused.status_code, refused.json()["scope"]) == (403, "status:read")
