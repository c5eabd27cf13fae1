"""Undoing a change in the admin: offered to those who may, asked first, done by a POST only."""

import html
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from notes import services as notes
from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.crm import services as crm
from syteops.crm.models import CrmSystem
from syteops.integrations.models import IntegrationState
from syteops.modules import services as modules
from syteops.modules.models import ModuleState
from syteops.site import services as site
from syteops.site.models import License
from syteops.team import services as team
from tests.fixtures import signed_in
from tests.samples.automation import a_variable
from tests.samples.estimates import a_draft
from tests.samples.integrations import set_up_relay
from tests.samples.notes import a_note
from tests.samples.roles import a_role
from tests.samples.team import a_member
from tests.undoing import latest

pytestmark = pytest.mark.django_db

BUTTON = "Undo this change"


@pytest.fixture
def renamed(db: None) -> AuditEntry:
    system = crm.create_crm_system(SYSTEM, name="HubSpot")
    crm.update_crm_system(SYSTEM, system, name="<b>Zoho</b>")
    return latest("crm_system.updated")


def address(entry: AuditEntry) -> str:
    return f"/admin/audit/auditentry/{entry.pk}/undo/"


def entry_page(entry: AuditEntry) -> str:
    return f"/admin/audit/auditentry/{entry.pk}/change/"


def told(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def text(response: Any) -> str:
    assert response.status_code == 200
    return " ".join(html.unescape(response.content.decode()).split())


def allow(user: User, *codenames: str) -> None:
    user.user_permissions.add(*Permission.objects.filter(codename__in=codenames))


def test_it_asks_first_and_shows_both_sides(page: Client, renamed: AuditEntry) -> None:
    entries = AuditEntry.objects.count()

    asked = page.get(address(renamed))

    assert "<td><b>Zoho</b></td><td>HubSpot</td>" in text(asked)
    assert b"<b>Zoho" not in asked.content
    assert CrmSystem.objects.get().name == "<b>Zoho</b>"
    assert AuditEntry.objects.count() == entries


def test_times_among_the_values_are_shown_as_people_read_them(page: Client) -> None:
    system = crm.create_crm_system(SYSTEM, name="HubSpot")
    made = system.created_at
    crm.delete_crm_system(SYSTEM, system)
    shown = page.get(address(latest("crm_system.deleted"))).content.decode()
    assert f'<time datetime="{made.isoformat(timespec="seconds")}"' in shown
    assert made.isoformat() not in shown


def test_a_post_undoes_it_as_a_change_of_that_person(
    page: Client, alice: User, renamed: AuditEntry
) -> None:
    done = page.post(address(renamed), follow=True)

    assert CrmSystem.objects.get().name == "HubSpot"
    assert told(done) == ["The change was undone. That can be undone as well."]
    assert done.redirect_chain == [(entry_page(renamed), 302)]
    entry = AuditEntry.objects.latest("id")
    assert (entry.door, entry.operation, entry.actor_label) == ("admin", "audit.revert", "alice")
    page.post(address(entry))
    assert CrmSystem.objects.get().name == "<b>Zoho</b>"


def test_a_post_from_elsewhere_does_nothing(alice: User, renamed: AuditEntry) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)

    assert client.post(address(renamed)).status_code == 403
    assert CrmSystem.objects.get().name == "<b>Zoho</b>"


def test_a_refusal_is_told_and_nothing_is_stored(page: Client, renamed: AuditEntry) -> None:
    crm.update_crm_system(SYSTEM, CrmSystem.objects.get(), name="Third")

    refused = page.post(address(renamed), follow=True)

    assert told(refused) == ["Changed again since: name. Undo the later change first."]
    assert CrmSystem.objects.get().name == "Third"


@pytest.mark.parametrize(
    ("next_page", "goes_to"),
    [
        ("/admin/crm/crmsystem/1/history/", "/admin/crm/crmsystem/1/history/"),
        ("https://evil.example/", None),
        ("//evil.example/", None),
        ("javascript:alert(1)", None),
    ],
)
def test_it_goes_back_to_where_the_person_was_and_nowhere_else(
    page: Client, renamed: AuditEntry, next_page: str, goes_to: str | None
) -> None:
    asked = page.get(address(renamed), {"next": next_page})
    done = page.post(f"{address(renamed)}?next={next_page}")

    assert done.headers["Location"] == (goes_to or entry_page(renamed))
    assert asked.context["back"] == (goes_to or entry_page(renamed))
    assert b"evil.example" not in asked.content


# --- Who may -----------------------------------------------------------------------------------


def test_it_takes_the_right_to_undo_and_the_right_to_change_the_object(
    bob: User, renamed: AuditEntry
) -> None:
    created = latest("crm_system.created")
    history = f"/admin/crm/crmsystem/{renamed.object_pk}/history/"
    client = signed_in(bob)
    assert BUTTON not in text(client.get(history))
    assert client.get(address(renamed)).status_code == 403
    assert client.post(address(renamed)).status_code == 403

    allow(bob, "change_auditentry")
    shown = text(client.get(history))
    assert address(renamed) in shown
    assert address(created) not in shown
    assert client.get(address(created)).status_code == 403
    assert client.post(address(created)).status_code == 403

    allow(bob, "delete_crmsystem", "view_auditentry")
    assert address(created) in text(client.get(history))
    assert BUTTON in text(client.get(entry_page(created)))
    bob.user_permissions.remove(Permission.objects.get(codename="change_crmsystem"))
    assert client.post(address(renamed)).status_code == 403
    assert CrmSystem.objects.get().name == "<b>Zoho</b>"


def test_who_is_not_logged_in_undoes_nothing(client: Client, renamed: AuditEntry) -> None:
    assert client.post(address(renamed)).status_code == 302
    assert CrmSystem.objects.get().name == "<b>Zoho</b>"


def test_only_a_superuser_undoes_changes_of_the_licence(page: Client, bob: User) -> None:
    site.update_license(SYSTEM, site.locked(License), plan="Pro")
    entry = latest("license.updated")
    allow(bob, "change_auditentry", "view_auditentry", "view_license")
    client = signed_in(bob)
    assert BUTTON not in text(client.get(entry_page(entry)))
    assert client.post(address(entry)).status_code == 403

    assert BUTTON in text(page.get(entry_page(entry)))
    page.post(address(entry))
    assert License.objects.get().plan == ""


# --- What is offered ---------------------------------------------------------------------------


def test_what_can_never_be_undone_is_not_offered(page: Client, site_key: str) -> None:
    crm.create_crm_system(SYSTEM, name="HubSpot")
    for key in ("first-key-1", "second-key-2"):
        crm.set_secrets(SYSTEM, CrmSystem.objects.get(), api_key=key)

    for event in ("key.generated", "crm_system.secret_set"):
        entry = latest(event)
        assert BUTTON not in text(page.get(entry_page(entry)))
        assert page.get(address(entry)).status_code == 403
        assert page.post(address(entry)).status_code == 403
    assert CrmSystem.objects.get().api_key is not None


def test_an_entry_that_is_not_there_is_not_found(page: Client) -> None:
    assert page.get("/admin/audit/auditentry/999999/undo/").status_code == 404


def test_a_deleted_object_is_brought_back_from_the_list_of_the_whole_site(page: Client) -> None:
    crm.create_crm_system(SYSTEM, name="HubSpot")
    crm.set_secrets(SYSTEM, CrmSystem.objects.get(), api_key="first-key-1")
    crm.delete_crm_system(SYSTEM, CrmSystem.objects.get())
    entry = latest("crm_system.deleted")
    assert entry_page(entry).split("/change/")[0] in text(page.get("/admin/audit/auditentry/"))
    assert address(entry) in text(page.get(entry_page(entry)))

    asked = text(page.get(address(entry)))
    page.post(address(entry))

    assert "Secrets do not come back" in asked
    assert "api key" not in asked
    assert CrmSystem.objects.get().slot == "001"


def change_a_member() -> str:
    member = team.update_team_member(SYSTEM, a_member(), city="Rome")
    return f"team/teammember/{member.pk}"


def change_a_note() -> str:
    return f"notes/note/{notes.update_note(SYSTEM, a_note(), title='B').pk}"


def configure_notes() -> str:
    state = modules.locked_state("notes")
    modules.update_config(SYSTEM, state, config={"excerpt_length": 50})
    assert ModuleState.objects.count() == 1
    return "modules/modulestate/notes"


def configure_relay() -> str:
    set_up_relay()
    assert IntegrationState.objects.count() == 1
    return "integrations/integrationstate/relay"


@pytest.mark.parametrize(
    "change",
    [
        change_a_member,
        change_a_note,
        configure_notes,
        configure_relay,
        lambda: f"roles/role/{a_role().pk}",
        lambda: f"automation/variable/{a_variable().pk}",
        lambda: f"estimates/estimate/{a_draft().pk}",
    ],
)
def test_the_history_of_every_kind_of_object_offers_it(
    page: Client, change: Callable[[], str]
) -> None:
    history = f"/admin/{change()}/history/"

    shown = text(page.get(history))

    entry = AuditEntry.objects.filter(outcome="changed").exclude(event__startswith="person.")[0]
    assert f"{address(entry)}?next={history}" in shown
    assert page.post(f"{address(entry)}?next={history}").headers["Location"] == history
    assert AuditEntry.objects.latest("id").operation == "audit.revert"


def test_the_start_page_offers_nothing(page: Client, renamed: AuditEntry) -> None:
    assert BUTTON not in text(page.get("/admin/"))


def test_nothing_of_an_inactive_module_is_undone(page: Client) -> None:
    notes.update_note(SYSTEM, a_note(), title="B")
    entry = latest("note.updated")
    modules.deactivate(SYSTEM, modules.locked_state("notes"))

    refused = page.post(address(entry), follow=True)

    assert told(refused) == ["The module notes is not active."]


def test_a_long_history_takes_no_query_more(
    page: Client, renamed: AuditEntry, django_assert_num_queries: Any
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    history = f"/admin/crm/crmsystem/{renamed.object_pk}/history/"
    page.get(history)
    with CaptureQueriesContext(connection) as few:
        page.get(history)
    for number in range(10):
        crm.update_crm_system(SYSTEM, CrmSystem.objects.get(), name=f"System {number}")
    with django_assert_num_queries(len(few)):
        page.get(history)
