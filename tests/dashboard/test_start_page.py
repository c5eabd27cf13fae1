"""The start page and the sidebar: the site at a glance, as far as one's permissions go."""

import html
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin import site
from django.contrib.auth.models import Permission, User
from django.http import HttpRequest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from manage_api.keys import services as keys
from manage_api.keys.models import ManageKey
from syteops.audit.models import AuditChain, AuditEntry
from syteops.core.actors import SYSTEM
from syteops.crm import services as crm
from syteops.crm.models import CrmSystem
from syteops.dashboard.frame import environment_label, navigation
from syteops.deliveries.models import DestinationState
from syteops.roles.models import Role
from tests.fixtures import Api, signed_in
from tests.samples.deliveries import a_delivery

pytestmark = pytest.mark.django_db


def start_page(person: User) -> str:
    response = signed_in(person).get("/admin/")
    assert response.status_code == 200
    return " ".join(html.unescape(response.content.decode()).split())


def panels(person: User) -> dict[str, dict[str, str]]:
    """Panel by title, with its state as "" and its lines."""
    response: Any = signed_in(person).get("/admin/")
    return {
        one.title: {"": one.state.text if one.state else ""}
        | {one.text: one.note if one.count is None else str(one.count) for one in one.lines}
        for one in response.context["start"].panels
    }


def notices(person: User) -> list[str]:
    response: Any = signed_in(person).get("/admin/")
    return [one.text for one in response.context["start"].needs]


# --- What is shown -------------------------------------------------------------------------


def test_alice_sees_the_whole_site(alice: User) -> None:
    crm.create_crm_system(SYSTEM, name="HubSpot")
    shown = panels(alice)
    assert shown["Manage API"][""] == "No key"
    assert shown["What there is"]["CRM systems"] == "1"
    assert {"Notes", "Estimates", "Team members", "Roles"} <= set(shown["What there is"])
    assert shown["Who is responsible"]["Site owner"] == "nobody"
    assert shown["Modules"]["Notes"] == "active"
    assert int(shown["Integrations"]["Not enabled"]) > 3
    page = start_page(alice)
    for path in ("modules/modulestate/notes", f"roles/role/{Role.objects.earliest('pk').pk}"):
        assert f'href="/admin/{path}/change/"' in page
    assert "Areas that work" in shown["AI"]
    assert "added CRM system HubSpot (001)" in start_page(alice)


def test_the_api_s_state_follows_the_key(alice: User) -> None:
    key = keys.generate_site_key(SYSTEM).key
    assert panels(alice)["Manage API"][""] == "Active"
    assert panels(alice)["Manage API"]["Site key"] == key.hint
    assert panels(alice)["Manage API"]["Last used"] == "never"
    keys.set_api_enabled(SYSTEM, False)
    assert panels(alice)["Manage API"][""] == "API disabled"


def test_the_api_is_not_without_key_while_a_restricted_one_works(alice: User) -> None:
    assert panels(alice)["Manage API"][""] == "No key"
    keys.create_restricted_key(SYSTEM, name="Tool", scopes=["crm:read"])
    assert panels(alice)["Manage API"][""] == "Active"
    assert panels(alice)["Manage API"]["Restricted keys"] == "1"


@pytest.mark.parametrize(
    ("column", "told"), [("failing_since", "failing"), ("paused_at", "paused")]
)
def test_an_integration_to_which_nothing_gets_through_is_not_well(
    alice: User, bob: User, column: str, told: str
) -> None:
    webhook = a_delivery().destination
    assert panels(alice)["Integrations"]["Webhooks"] == "enabled"
    DestinationState.objects.update_or_create(
        integration="webhooks", destination=webhook, defaults={column: timezone.now()}
    )
    assert panels(alice)["Integrations"]["Webhooks"] == told
    bob.user_permissions.add(Permission.objects.get(codename="view_integrationstate"))
    assert panels(bob)["Integrations"]["Webhooks"] == "enabled"  # as far as he may know


def test_bob_sees_only_what_he_may(bob: User) -> None:
    keys.generate_site_key(SYSTEM)
    crm.create_crm_system(SYSTEM, name="HubSpot")
    assert panels(bob) == {"What there is": {"": "", "CRM systems": "1"}}
    page = start_page(bob)
    assert "What happened last" not in page
    assert ManageKey.objects.get().hint not in page
    assert notices(bob) == []


def test_somebody_without_any_right_is_told_so(db: None) -> None:
    newcomer = User.objects.create_user("newcomer", is_staff=True)
    assert "nothing has been shared with you yet" in start_page(newcomer)


def test_each_panel_has_its_permission(bob: User) -> None:
    for codename, title in (
        ("manage_api_keys", "Manage API"),
        ("view_role", "Who is responsible"),
        ("view_modulestate", "Modules"),
        ("view_integrationstate", "Integrations"),
        ("view_aiprovider", "AI"),
    ):
        assert title not in panels(bob)
        bob.user_permissions.add(Permission.objects.get(codename=codename))
        bob = User.objects.get(pk=bob.pk)
        assert title in panels(bob)


# --- Warnings ------------------------------------------------------------------------------


def test_a_key_that_expires_soon_is_warned_of(alice: User) -> None:
    expiry = timezone.now() + timedelta(hours=20)
    keys.create_restricted_key(SYSTEM, name="n8n", scopes=["crm:read"], expires_at=expiry)
    assert notices(alice) == ["The key n8n expires"]
    assert "expires <span" in start_page(alice)
    assert ">in 20 hours" in start_page(alice) or ">in 19 hours" in start_page(alice)


def test_a_revoked_key_in_use_is_warned_of(alice: User, revoked_key: str) -> None:
    Api(revoked_key).get("/whoami")
    assert "used after it was revoked or replaced" in notices(alice)[0]


def test_addresses_that_were_cut_off_are_told(alice: User, settings: Settings) -> None:
    settings.MANAGE_API_FAILURES_PER_MINUTE = 1
    assert notices(alice) == []
    for address in ("203.0.113.7", "203.0.113.8"):
        Client(REMOTE_ADDR=address).get("/api/manage/v1/whoami")

    why = "cut off in the last 7 days: too many requests came without a valid key."
    assert notices(alice) == [f"Addresses were {why}"]
    keys_page = " ".join(signed_in(alice).get("/admin/keys/managekey/").content.decode().split())
    assert f"2 addresses were {why}" in keys_page
    found: Any = signed_in(alice).get("/admin/audit/auditentry/?q=api.refused")
    assert {one.address for one in found.context["cl"].result_list} == {
        "203.0.113.7",
        "203.0.113.8",
    }
    AuditEntry.objects.update(at=timezone.now() - timedelta(days=8))
    assert notices(alice) == []


def test_who_may_not_read_the_trail_is_not_led_there(bob: User, settings: Settings) -> None:
    settings.MANAGE_API_FAILURES_PER_MINUTE = 1
    bob.user_permissions.add(Permission.objects.get(codename="manage_api_keys"))
    Client().get("/api/manage/v1/whoami")

    response: Any = signed_in(bob).get("/admin/")

    [notice] = response.context["start"].needs
    assert notice.text.startswith("Addresses were cut off")
    assert notice.url == ""


def test_an_old_site_key_is_warned_of(alice: User) -> None:
    keys.generate_site_key(SYSTEM)
    ManageKey.objects.update(created_at=timezone.now() - timedelta(days=200))
    assert notices(alice) == ["The site key is older than 180 days. Rotate it."]


def test_a_trail_that_was_tampered_with_is_told(alice: User, bob: User) -> None:
    AuditChain.objects.update(head_sequence=7)
    assert "The audit trail was altered" in notices(alice)[0]
    assert notices(bob) == []


def test_pending_migrations_are_warned_of(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    found = ["crm.0002_more"]
    monkeypatch.setattr("syteops.dashboard.start_page.pending_migrations", lambda: found)
    assert "1 database migration is pending" in notices(alice)[0]


# --- The sidebar ---------------------------------------------------------------------------


def sidebar(person: User) -> dict[str, list[str]]:
    response: Any = signed_in(person).get("/admin/")
    groups = navigation(response.wsgi_request)
    return {one.get("title", ""): [item["title"] for item in one["items"]] for one in groups}


def test_alice_s_sidebar_has_every_group_in_order(alice: User) -> None:
    shown = sidebar(alice)
    assert list(shown) == [
        "",
        "Team",
        "Content",
        "Automation",
        "Settings",
        "Other Options",
        "People & access",
        "Audit",
    ]
    assert shown["Other Options"][:2] == ["Overview", "Manage API Key"]
    assert shown["Team"][:2] == ["Team members", "Roles"]
    assert {"Notes", "Estimates"} <= set(shown["Content"])


def test_bob_s_sidebar_has_only_what_he_may_open(bob: User) -> None:
    assert sidebar(bob) == {"": ["Start page"], "Settings": ["CRM systems"]}


def test_every_entry_of_the_sidebar_opens(alice: User) -> None:
    client = signed_in(alice)
    response: Any = client.get("/admin/")
    items = [one for group in navigation(response.wsgi_request) for one in group["items"]]
    assert items
    for item in items:
        assert client.get(item["link"], follow=True).status_code == 200, item


@pytest.mark.parametrize(
    ("address", "lit"),
    [
        ("/admin/", ["Start page"]),
        ("/admin/automation/variable/", ["Free-form variables"]),
        ("/admin/automation/variable/add/", ["Free-form variables"]),
        ("/admin/automation/variable/catalogue/", ["All variables"]),
        ("/admin/password_change/", []),
    ],
)
def test_only_the_entry_of_the_page_is_lit(alice: User, address: str, lit: list[str]) -> None:
    groups = signed_in(alice).get(address).context["sidebar_navigation"]
    assert [one["title"] for group in groups for one in group["items"] if one["active"]] == lit


def test_a_page_asks_once_what_somebody_may_open(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[HttpRequest] = []

    def may_open(request: HttpRequest) -> bool:
        asked.append(request)
        return True

    monkeypatch.setattr(site._registry[CrmSystem], "has_module_permission", may_open)

    for path in ("/admin/", "/admin/notes/note/"):
        asked.clear()
        assert "/admin/crm/crmsystem/" in signed_in(alice).get(path).content.decode()
        assert len(asked) == 1, path


def test_an_inactive_module_is_nowhere(alice: User, api: Api) -> None:
    client = signed_in(alice)
    assert client.get("/admin/notes/note/").status_code == 200
    assert api.post("/modules/notes/deactivate?confirm=true").status_code == 200
    assert "Notes" not in sidebar(alice)["Content"]
    assert "Notes" not in panels(alice)["What there is"]
    assert panels(alice)["Modules"]["Notes"] == "inactive"
    for address in ("/admin/notes/", "/admin/notes/note/", "/admin/notes/note/add/"):
        assert client.get(address).status_code == 404, address
    api.post("/modules/notes/activate")
    assert "Notes" in sidebar(alice)["Content"]
    assert client.get("/admin/notes/note/").status_code == 200


# --- The frame -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("", None),
        ("Production", ["Production", "danger"]),
        ("staging", ["staging", "warning"]),
        ("lab", ["lab", "info"]),
    ],
)
def test_the_environment_is_named(
    settings: Settings, rf: Any, name: str, label: list[str] | None
) -> None:
    settings.ENVIRONMENT = name
    assert environment_label(rf.get("/")) == label


def test_the_start_page_takes_a_constant_number_of_queries(
    alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = signed_in(alice)
    keys.generate_site_key(SYSTEM)
    crm.create_crm_system(SYSTEM, name="HubSpot")
    client.get("/admin/")
    with CaptureQueriesContext(connection) as few:
        client.get("/admin/")
    for number in range(10):
        crm.create_crm_system(SYSTEM, name=f"System {number}")
    with django_assert_num_queries(len(few)):
        client.get("/admin/")
