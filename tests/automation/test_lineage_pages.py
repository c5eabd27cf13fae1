"""Who reads a variable is told on the pages of the admin, and before what they change is done."""

from collections.abc import Callable

import pytest
from django.test import Client

from syteops.audit.models import AuditEntry
from syteops.automation import services
from syteops.automation.models import Variable
from syteops.automation.queries import exported
from syteops.core.actors import SYSTEM
from syteops.crm import services as crm
from syteops.roles import services as roles
from syteops.roles.models import Role
from syteops.team.models import TeamMember
from tests.automation.reading import NAME, OF_CRM, key_of, read, staff
from tests.fixtures import signed_in
from tests.samples.notes import a_note
from tests.samples.team import a_member
from tests.samples.webhooks import a_webhook

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("greeting")]

PAGE = "/admin/automation/variable/"


def test_the_variables_page_says_who_reads_it(page: Client, n8n: str, exporter: str) -> None:
    shown = page.get(f"{PAGE}{Variable.objects.get().pk}/change/").content.decode()
    assert "2 tools read this: " in shown
    assert f"{key_of(n8n)}, just now" in shown


def test_the_list_of_all_says_how_many_and_who(page: Client, n8n: str) -> None:
    shown = page.get(f"{PAGE}catalogue/").content.decode()
    assert f"1 tool reads this: {key_of(n8n)}, just now." in shown
    assert f'aria-label="Copy {NAME}"' in shown


def test_the_list_of_free_form_variables_says_how_many_and_who(page: Client, n8n: str) -> None:
    services.create_variable(SYSTEM, key="other", value="1")
    shown = page.get(PAGE).content.decode()
    assert f"1 tool reads this: {key_of(n8n)}, just now." in shown
    assert "No tool reads this." in shown


def test_the_page_of_whatever_variables_tell_of_says_who_reads_them(
    page: Client, make_key: Callable[..., str]
) -> None:
    """So it is known before a form alters them; of others' variables it says nothing."""
    system, other = (crm.create_crm_system(SYSTEM, name=name) for name in ("HubSpot", "Zoho"))
    member = a_member(first_name="Ada")
    owner = Role.objects.get(slug="site_owner")
    roles.assign(SYSTEM, owner, member)
    crm_reader, alias_reader = make_key("variables:read"), make_key("variables:read")
    read(crm_reader, OF_CRM)
    read(alias_reader, "syteops_user_owner_first_name")

    for path, reader in (
        (f"crm/crmsystem/{system.pk}", crm_reader),
        (f"team/teammember/{member.pk}", alias_reader),
        (f"roles/role/{owner.pk}", alias_reader),
    ):
        shown = page.get(f"/admin/{path}/change/").content.decode()
        assert f"automation variables tell of this. 1 tool reads them: {key_of(reader)}" in shown
    shown = page.get(f"/admin/crm/crmsystem/{other.pk}/change/").content.decode()
    assert "automation variables tell of this. No tool reads them." in shown


def test_the_page_of_a_modules_record_says_who_reads_the_modules_variables(
    page: Client, make_key: Callable[..., str]
) -> None:
    note = a_note()
    read(key := make_key("variables:read"), "syteops_notes_open_action_items")
    shown = page.get(f"/admin/notes/note/{note.pk}/change/").content.decode()
    assert f"automation variables tell of this. 1 tool reads them: {key_of(key)}" in shown


def test_the_page_of_what_no_variable_tells_of_says_nothing(page: Client) -> None:
    shown = page.get(f"/admin/webhooks/webhook/{a_webhook().pk}/change/").content.decode()
    assert "tell of this" not in shown


def test_who_may_not_view_variables_is_not_told_on_a_page_either(n8n: str) -> None:
    system = crm.create_crm_system(SYSTEM, name="HubSpot")
    client = signed_in(staff("view_crmsystem", "change_crmsystem"))
    shown = client.get(f"/admin/crm/crmsystem/{system.pk}/change/").content.decode()
    assert "HubSpot" in shown
    assert "tell of this" not in shown


def test_before_a_change_is_undone_the_page_says_who_reads_what_goes(
    page: Client, n8n: str
) -> None:
    entry = AuditEntry.objects.get(event="variable.created")
    shown = page.get(f"/admin/audit/auditentry/{entry.pk}/undo/").content.decode()
    assert f"{NAME}" in shown
    assert f"1 tool reads this: {key_of(n8n)}, just now" in shown
    assert Variable.objects.count() == 1


def test_before_a_person_is_erased_the_page_says_who_reads_what_goes(
    page: Client, make_key: Callable[..., str]
) -> None:
    member, name = a_member(nickname="Ada"), "syteops_user_001_nickname"
    read(key := make_key("variables:read", name="CI"), name)
    shown = page.get(f"/admin/team/teammember/{member.pk}/erase/?whole").content.decode()
    assert name in shown
    assert f"1 tool reads this: {key_of(key)}, just now" in shown
    assert TeamMember.objects.get().nickname == "Ada"


def test_without_the_right_to_see_keys_only_the_number_is_shown(n8n: str) -> None:
    client = signed_in(staff("view_variable", "delete_variable"))
    pk = Variable.objects.get().pk
    for path in (f"{pk}/change/", "catalogue/", f"{pk}/delete/?whole"):
        shown = client.get(f"{PAGE}{path}").content.decode()
        assert "1 tool reads this." in shown
        assert "n8n" not in shown


def test_deleting_asks_with_what_goes_and_who_reads_it(page: Client, n8n: str) -> None:
    pk = Variable.objects.get().pk
    one = page.get(f"{PAGE}{pk}/delete/?whole").content.decode()
    chosen = {"action": "delete_selected", "_selected_action": [pk]}
    many = page.post(PAGE, chosen).content.decode()
    for shown in (one, many):
        assert "1 automation variable goes:" in shown
        assert NAME in shown
        assert f"1 tool reads this: {key_of(n8n)}, just now." in shown
    assert Variable.objects.count() == 1
    page.post(f"{PAGE}{pk}/delete/", {"post": "yes"})
    assert Variable.objects.count() == 0


def test_the_page_that_asks_does_not_wait_for_the_consequences(
    page: Client, n8n: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[object] = []
    monkeypatch.setattr(services, "delete_variable", lambda *args: tried.append(args))
    address = f"{PAGE}{Variable.objects.get().pk}/delete/"
    at_once = page.get(address).content.decode()
    assert 'data-consequences="?whole"' in at_once
    assert "consequences.js" in at_once
    assert tried == []
    page.get(f"{address}?whole")
    assert len(tried) == 1


def test_who_may_know_nothing_of_variables_is_not_told_to_wait() -> None:
    client = signed_in(staff("view_crmsystem", "delete_crmsystem"))
    system = crm.create_crm_system(SYSTEM, name="HubSpot")
    shown = client.get(f"/admin/crm/crmsystem/{system.pk}/delete/").content.decode()
    assert "HubSpot" in shown
    assert "data-consequences" not in shown


def test_deactivating_a_module_asks_the_same(page: Client, exporter: str) -> None:
    a_note()
    shown = page.get("/admin/modules/modulestate/notes/switch/").content.decode()
    assert "automation variables go:" in shown
    assert "1 tool reads this: Nightly export" in shown
    assert "syteops_notes_open_action_items" in exported()
