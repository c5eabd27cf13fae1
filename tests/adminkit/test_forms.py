"""What every form of the admin does: errors above it, secrets while adding, handles that work."""

import re

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.test import Client

from notes.services import create_note
from syteops.adminkit.rows import PartsInline, RowForm
from syteops.audit.models import AuditEntry
from syteops.audit.services import read_secret
from syteops.core.actors import SYSTEM
from syteops.crm.models import CrmSystem
from tests.admin_forms import row
from tests.fixtures import signed_in

pytestmark = pytest.mark.django_db
CRM = "/admin/crm/crmsystem/add/"
NEEDED = {"team.teammember": {"email": "none"}}
NOTE = {
    "action_items-TOTAL_FORMS": "1", "action_items-INITIAL_FORMS": "0",
    **row("action_items", 0, text="", due_date="never", position="0"),
}  # fmt: skip


def summary(html: str) -> str:
    return html.partition("so-summary")[2].partition("</section>")[0]


def test_every_error_is_listed_above_the_form_and_leads_to_its_field(page: Client) -> None:
    seen = 0
    for model in admin.site._registry:
        meta = model._meta
        address = f"/admin/{meta.app_label}/{meta.model_name}/add/"
        shown = page.get(address)
        if shown.status_code != 200 or "adminform" not in (shown.context or ()):
            continue  # nobody adds one here
        prefixes = [one.formset.prefix for one in shown.context["inline_admin_formsets"]]
        rows = {f"{one}-{name}_FORMS": "0" for one in prefixes for name in ("TOTAL", "INITIAL")}
        answer = page.post(address, {**rows, **NEEDED.get(meta.label_lower, {})})
        html, errors = answer.content.decode(), answer.context["adminform"].form.errors
        links = re.findall(r'href="#([^"]+)"', summary(html))
        expected = sum(len(found) for name, found in errors.items() if name != "__all__")
        assert len(links) == expected > 0, address
        assert all(f'id="{target}"' in html for target in links), address
        assert "Please correct" not in html
        assert "data-focus" in html
        seen += 1
    assert seen >= 8


def test_errors_of_rows_are_listed_with_the_others(page: Client) -> None:
    html = page.post("/admin/notes/note/add/", {**NOTE, "meta": "[", "title": ""}).content.decode()
    told = summary(html)
    for label in ("Title", "Meta", "Action item 1, Text", "Action item 1, Due date"):
        assert f">{label}</a>" in told
    assert 'href="#id_action_items-0-due_date"' in told


# --- Secrets ---


def test_secrets_are_entered_while_adding(page: Client) -> None:
    secrets = {"new_api_key": "canary-key-1", "new_api_secret": "canary-secret-2"}
    answer = page.post(CRM, {"name": "HubSpot", **secrets}, follow=True)

    system = CrmSystem.objects.get()
    assert read_secret(system, "api_key") == "canary-key-1"
    assert read_secret(system, "api_secret") == "canary-secret-2"
    assert "canary" not in answer.content.decode()
    assert "canary" not in str(list(AuditEntry.objects.values_list("changes", flat=True)))


def test_a_secret_typed_beside_a_mistake_is_not_sent_back(page: Client) -> None:
    answer = page.post(CRM, {"name": "", "new_api_key": "canary-key-1"})
    assert answer.status_code == 200
    assert "canary" not in answer.content.decode()


def test_who_may_not_set_secrets_sets_none_while_adding(bob: User) -> None:
    names = ("view_crmsystem", "add_crmsystem", "change_crmsystem")
    bob.user_permissions.set(Permission.objects.filter(codename__in=names))
    client = signed_in(bob)
    assert "new_api_key" not in client.get(CRM).content.decode()
    client.post(CRM, {"name": "HubSpot", "new_api_key": "canary-key-1"})
    assert CrmSystem.objects.get().api_key is None


# --- Rows and pickers ---


def test_handles_are_shown_only_where_dragging_works(page: Client) -> None:
    handles = {}
    for count in (1, 2):
        items = [{"text": str(one)} for one in range(count)]
        note = create_note(SYSTEM, title="Minutes", action_items=items)
        html = page.get(f"/admin/notes/note/{note.pk}/change/").content.decode()
        handles[count] = html.count("drag_indicator")
    assert handles == {1: 0, 2: 2}


def test_adding_another_row_is_said_in_one_sentence(page: Client) -> None:
    html = page.get("/admin/estimates/estimate/add/").content.decode()
    assert "<span>Add another line item</span>" in html


def test_the_page_that_adds_has_no_button_to_itself(page: Client) -> None:
    add = 'class="addlink'
    assert add in page.get("/admin/crm/crmsystem/").content.decode()
    assert add not in page.get(CRM).content.decode()


def test_every_row_can_be_merged() -> None:
    inlines = {one for owner in admin.site._registry.values() for one in owner.inlines}
    assert len(inlines) >= 3
    for one in inlines:
        assert issubclass(one, PartsInline)
        assert issubclass(one.form, RowForm)


def test_icons_and_colours_of_a_role_are_picked(page: Client) -> None:
    html = page.get("/admin/roles/role/add/").content.decode()
    for name in ("icon", "color"):
        assert f'data-picks="id_{name}"' in html
    assert 'data-pick="engineering"' in html
    assert 'type="color"' in html


def test_a_secret_that_nobody_need_think_up_can_be_made(page: Client) -> None:
    html = page.get("/admin/integrations/integrationstate/prometheus/change/").content.decode()
    assert re.search(r'name="new_token"[^>]*data-generate=""', html)


def test_a_form_loads_no_script_that_it_does_not_use(page: Client) -> None:
    html = page.get("/admin/notes/note/add/").content.decode()
    assert "admin/js/inlines" in html
    for unused in ("xregexp", "urlify", "/prepopulate."):
        assert unused not in html
