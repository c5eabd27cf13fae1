"""The command palette finds what the person may open: records, pages, settings and actions."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from estimates.models import Estimate
from manage_api.keys import services as keys
from syteops.core.actors import SYSTEM
from syteops.crm import services as crm
from syteops.team import services as team
from tests.fixtures import Api, signed_in

pytestmark = pytest.mark.django_db
GUIDES = ("Guides about “hub”", "Guides")
"""Everybody who signs in may read them."""


def found(person: User, text: str) -> list[tuple[str, str]]:
    """Title and kind of each line."""
    answer: Any = signed_in(person).get("/admin/search/", {"s": text})
    assert answer.status_code == 200
    return [(one.title, one.description) for one in answer.context["results"]]


def titles(person: User, text: str) -> set[str]:
    return {title for title, _ in found(person, text)}


def test_records_are_found_by_name_number_and_e_mail(alice: User) -> None:
    call_command("seed_demo", verbosity=0)
    team.create_team_member(SYSTEM, first_name="Zoë", last_name="Müller", email="zoe@example.org")
    number = Estimate.objects.earliest("pk").number
    for text in ("zoë", "ZOE", "mull", "zoe@example.org"):
        assert "Zoë Müller" in " ".join(titles(alice, text)), text
    assert any(number in one for one in titles(alice, number))
    assert ("alice", "user") in found(alice, "alice")
    kinds = {kind for _, kind in found(alice, "002")}
    assert {"team member 002", "CRM system 002"} <= kinds


def test_pages_settings_actions_keys_and_variables_are_found(alice: User) -> None:
    keys.create_restricted_key(SYSTEM, name="Nächtlicher Abgleich", scopes=["crm:read"])
    for text, title in (
        ("agenda", "Agenda"),
        ("all var", "All variables"),
        ("add crm", "Add CRM system"),
        ("new key", "New restricted key"),
        ("password", "Change your password"),
        ("two-step", "Two-step sign-in"),
        ("sign out", "Log out"),
        ("log out", "Log out"),
        ("dark", "Dark theme"),
        ("api docu", "Interactive API documentation"),
        ("invite", "Add invitation"),
        ("generate", "Generate key"),
        ("import mem", "Import team members"),
        ("export", "Export notes"),
        ("idempotency", "Guides about “idempotency”"),
        ("slack", "Slack"),
        ("token", "Prometheus"),
        ("syteops_site", "Variables with “syteops_site”"),
    ):
        assert title in titles(alice, text), (text, titles(alice, text))
    assert any("Nächtlicher Abgleich" in one for one in titles(alice, "nachtlicher"))
    assert "Export notes" not in titles(alice, "notes")  # nobody asked to export


def test_a_variable_is_found_by_its_name(alice: User, bob: User) -> None:
    call_command("seed_demo", verbosity=0)
    for name in ("syteops_api_booking_link", "syteops_user_002_email", "syteops_std_crm_001_name"):
        assert name in titles(alice, name)
        assert name not in titles(bob, name)
    few = [kind for _, kind in found(alice, "syteops_user_002")]
    assert few.count("variable") == 5
    assert "variable" not in {kind for _, kind in found(alice, "syteops_user_999999999")}


def test_what_can_be_done_with_the_site_key_follows_its_state(alice: User, bob: User) -> None:
    assert not titles(alice, "api") & {"Enable API", "Rotate key"}
    keys.generate_site_key(SYSTEM)
    assert {"Rotate key", "Revoke key", "Disable API"} <= titles(alice, "site key")
    keys.set_api_enabled(SYSTEM, False)
    assert "Enable API" in titles(alice, "enable api")
    assert not titles(bob, "api") & {"Enable API", "Rotate key"}
    bob.user_permissions.add(Permission.objects.get(codename="manage_api_keys"))
    assert "Revoke key" in titles(bob, "key")
    assert not titles(bob, "key") & {"Enable API", "Rotate key"}  # he may not give so much


def test_every_line_opens(alice: User) -> None:
    call_command("seed_demo", verbosity=0)
    client = signed_in(alice)
    lines: dict[str, str] = {}
    for text in ("a", "e", "add", "o 1"):
        answer: Any = client.get("/admin/search/", {"s": text})
        lines |= {one.link: one.title for one in answer.context["results"]}
    assert len(lines) > 40
    for link, title in lines.items():
        assert client.get(link, follow=True).status_code == 200, (title, link)


def test_nobody_finds_what_he_may_not_open(alice: User, bob: User) -> None:
    """Bob may view CRM systems. Rights count at once: nothing is kept of former answers."""
    team.create_team_member(SYSTEM, first_name="Hubert")
    crm.create_crm_system(SYSTEM, name="HubSpot")
    keys.create_restricted_key(SYSTEM, name="Hub", scopes=["crm:read"])
    assert len(titles(alice, "hub")) >= 4
    assert found(bob, "hub") == [("HubSpot", "CRM system 001"), GUIDES]
    assert "Add CRM system" not in titles(bob, "add")
    bob.user_permissions.add(Permission.objects.get(codename="view_teammember"))
    assert len(found(bob, "hub")) == 3
    bob.user_permissions.clear()
    assert found(bob, "hub") == [GUIDES]


def test_an_inactive_module_is_not_found(alice: User, api: Api) -> None:
    assert "Notes" in titles(alice, "notes")
    assert api.post("/modules/notes/deactivate?confirm=true").status_code == 200
    assert not {kind for _, kind in found(alice, "note")} & {"note", "Content"}


@pytest.mark.parametrize("text", ["", " ", "\0", "x" * 201, "(" * 200, "%", "'; DROP", "\u202e"])
def test_whatever_is_typed_finds_little(alice: User, text: str) -> None:
    crm.create_crm_system(SYSTEM, name="HubSpot")
    assert len(found(alice, text)) <= 2  # a look at all variables, and at the guides


def test_more_records_cost_no_more_queries_and_few_are_shown(alice: User) -> None:
    client = signed_in(alice)
    crm.create_crm_system(SYSTEM, name="Same 0")
    team.create_team_member(SYSTEM, first_name="Same")
    client.get("/admin/search/", {"s": "same"})
    with CaptureQueriesContext(connection) as few:
        client.get("/admin/search/", {"s": "same"})
    for number in range(1, 9):
        crm.create_crm_system(SYSTEM, name=f"Same {number}")
        team.create_team_member(SYSTEM, first_name="Same")
    with CaptureQueriesContext(connection) as many:
        client.get("/admin/search/", {"s": "same"})
    assert len(many) == len(few)
    kinds = [kind for _, kind in found(alice, "same")]
    assert sum(one.startswith("CRM system") for one in kinds) == 5
    assert sum(one.startswith("team member") for one in kinds) == 5
