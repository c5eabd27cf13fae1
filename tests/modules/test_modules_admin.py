"""The pages of the modules: a card for each, switched and configured by those who may."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.core.modules import installed_modules
from syteops.modules.models import ModuleState
from syteops.modules.queries import config_of, inactive_slugs
from syteops.site import services as site
from syteops.site.models import License

LIST = "/admin/modules/modulestate/"
PAGE = f"{LIST}notes/change/"
SWITCH = f"{LIST}notes/switch/"
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "kind": {"enum": ["plain", "fancy"], "default": "plain"},
        "level": {"enum": [1, 2], "default": 1},
        "size": {"type": "integer", "minimum": 1, "maximum": 9},
        "rate": {"type": "number"},
        "dark": {"type": "boolean", "default": True},
        "names": {"type": "array", "items": {"type": "string"}, "maxItems": 2},
        "title": {"type": "string", "maxLength": 20, "title": "The title"},
        "text": {"type": "string"},
        "more": {"type": "object", "properties": {"a": {"type": "integer"}}},
    },
    "additionalProperties": False,
}
UNTOUCHED = {
    "config_kind": "plain", "config_level": "1", "config_size": "", "config_rate": "",
    "config_dark": "on", "config_names": "", "config_title": "", "config_text": "",
    "config_more": "",
}  # fmt: skip


@pytest.fixture
def admin(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


@pytest.fixture
def form_of_all_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(installed_modules()["notes"]), "config_schema", SCHEMA)


def test_nobody_without_rights_sees_or_does_anything(client: Client, bob: User) -> None:
    client.force_login(bob)
    for page in (LIST, PAGE, SWITCH, f"{LIST}notes/history/", f"{LIST}add/"):
        assert client.get(page).status_code == 403, page
        assert client.post(page, {"off": "1"}).status_code == 403, page
    assert not ModuleState.objects.exists()


def test_who_may_only_look_changes_nothing(client: Client, bob: User) -> None:
    bob.user_permissions.add(Permission.objects.get(codename="view_modulestate"))
    client.force_login(bob)
    assert client.get(LIST).status_code == 200
    assert ">Save<" not in client.get(PAGE).content.decode()
    for page in (PAGE, SWITCH):
        assert client.post(page, {"off": "1"}).status_code == 403
    assert not ModuleState.objects.exists()


def test_every_installed_module_has_a_card(admin: Client) -> None:
    page = admin.get(LIST).content.decode()
    assert installed_modules()
    for app in installed_modules().values():
        assert app.module_name in page
        assert app.module_description in page


def test_deactivating_asks_first_and_says_what_goes(admin: Client) -> None:
    asked = admin.get(SWITCH).content.decode()
    assert "notes_items.list" in asked
    assert inactive_slugs() == set()

    admin.post(SWITCH, {"off": "1"})
    assert inactive_slugs() == {"notes"}
    admin.post(SWITCH, {"on": "1"})
    assert inactive_slugs() == set()
    events = AuditEntry.objects.filter(object_id="notes").order_by("id")
    assert [(e.event, e.actor_label, e.door, e.operation) for e in events] == [
        ("module.deactivated", "alice", "admin", "modules.deactivate"),
        ("module.activated", "alice", "admin", "modules.activate"),
    ]
    assert admin.get(f"{LIST}notes/history/").status_code == 200


def test_a_revoked_licence_is_given_as_the_reason(admin: Client) -> None:
    site.update_license(SYSTEM, site.locked(License), status="revoked")
    assert "licence is revoked" in admin.get(LIST).content.decode()
    answer = admin.post(SWITCH, {"on": "1"}, follow=True)
    assert "licence is revoked" in str([str(one) for one in answer.context["messages"]])
    assert inactive_slugs() == set(installed_modules())


@pytest.mark.usefixtures("form_of_all_kinds")
def test_a_form_is_made_of_the_schema_and_saves_what_was_changed(admin: Client) -> None:
    assert "The title" in admin.get(PAGE).content.decode()
    changed = {
        "config_kind": "fancy", "config_level": "2", "config_size": "5", "config_rate": "0.5",
        "config_names": "Ann\r\n\r\n  Ben ", "config_title": "Hello", "config_text": "One\r\nTwo",
        "config_more": '{"a": 1}',
    }  # fmt: skip
    assert admin.post(PAGE, changed).status_code == 302
    assert ModuleState.objects.get().config == {
        "kind": "fancy", "level": 2, "size": 5, "rate": 0.5, "dark": False,
        "names": ["Ann", "Ben"], "title": "Hello", "text": "One\nTwo", "more": {"a": 1},
    }  # fmt: skip
    shown = admin.get(PAGE).content.decode()
    assert "Ann\nBen" in shown


@pytest.mark.usefixtures("form_of_all_kinds")
def test_a_blank_field_brings_back_the_default(admin: Client) -> None:
    admin.post(PAGE, {**UNTOUCHED, "config_title": "Hello", "config_size": "5"})
    admin.post(PAGE, {**UNTOUCHED, "config_size": "5"})
    assert ModuleState.objects.get().config == {"size": 5}


@pytest.mark.usefixtures("form_of_all_kinds")
def test_an_untouched_form_stores_and_records_nothing(admin: Client) -> None:
    before = AuditEntry.objects.count()
    assert admin.post(PAGE, UNTOUCHED).status_code == 302
    assert AuditEntry.objects.count() == before
    assert not ModuleState.objects.exists()


@pytest.mark.usefixtures("form_of_all_kinds")
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("config_kind", "no such"),
        ("config_size", "10"),
        ("config_size", "many"),
        ("config_names", "a\nb\nc"),
        ("config_title", "x" * 21),
        ("config_more", "{not json"),
        ("config_more", '{"a": "b"}'),
        ("config_more", "[]5"),
    ],
)
def test_a_wrong_value_is_shown_beside_its_field(admin: Client, field: str, value: str) -> None:
    shown = admin.post(PAGE, {**UNTOUCHED, field: value})
    assert shown.status_code == 200
    assert list(shown.context["form"].errors) == [field]
    assert not ModuleState.objects.exists()


def test_the_config_of_the_real_module_can_be_saved(admin: Client) -> None:
    form = admin.get(PAGE).context["form"]
    values = {name: field.initial for name, field in form.fields.items()}
    assert admin.post(PAGE, {**values, "config_excerpt_length": "200"}).status_code == 302
    assert config_of("notes")["excerpt_length"] == 200
