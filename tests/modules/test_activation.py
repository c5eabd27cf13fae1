"""Switching modules off and on: what goes, what stays, what comes back."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from manage_api.operations import all_operations
from syteops.audit.models import AuditEntry
from syteops.automation.queries import active_families
from syteops.core.actors import SYSTEM
from syteops.core.modules import installed_modules
from syteops.modules import services
from syteops.modules.models import ModuleState
from syteops.modules.queries import config_of, inactive_slugs
from tests.fixtures import Api


def deactivate(slug: str = "notes") -> None:
    services.deactivate(SYSTEM, services.locked_state(slug))


def test_deactivating_without_consent_touches_nothing_and_says_what_would_go(api: Api) -> None:
    refused = api.post("/modules/notes/deactivate")

    assert refused.status_code == 428
    assert refused.json()["code"] == "confirmation_required"
    impact = refused.json()["impact"]
    mine = [one.name for one in all_operations() if one.module == "notes"]
    assert mine
    assert impact["module"] == "notes"
    assert impact["operations"] == mine
    brought = {"module", "operations", "variables", "ai_areas", "integrations", "outsiders"}
    assert set(impact) == {*brought, "lineage"}
    assert not ModuleState.objects.exists()
    assert not AuditEntry.objects.filter(event="module.deactivated").exists()


def test_an_unknown_module_is_not_found_whatever_is_asked(api: Api) -> None:
    for method, path in (
        ("GET", "/modules/nowhere"),
        ("POST", "/modules/nowhere/activate"),
        ("POST", "/modules/nowhere/deactivate?confirm=true"),
        ("GET", "/modules/nowhere/config"),
        ("PATCH", "/modules/nowhere/config"),
        ("GET", "/modules/no%00where"),
    ):
        body: Any = {"config": {}} if method == "PATCH" else None
        answer = api.call(method, path, body)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path
    assert not ModuleState.objects.exists()


def test_an_inactive_modules_operations_answer_module_inactive_through_every_face(
    api: Api,
) -> None:
    api.post("/modules/notes/deactivate?confirm=true")

    for answer in (api.get("/notes"), api.post("/notes", {}), api.dispatch("notes_items.list")):
        assert (answer.status_code, answer.json()["code"]) == (404, "module_inactive")
    offered = {one["resource"] for one in api.get("/manifest").json()["data"]}
    assert "notes_items" not in offered
    assert "modules" in offered


def test_it_is_off_and_on_from_the_very_next_request_and_twice_changes_nothing(api: Api) -> None:
    off = api.dispatch("modules.deactivate", {"module": "notes"}, confirm=True).json()
    again = api.dispatch("modules.deactivate", {"module": "notes"}, confirm=True).json()
    assert off["data"] == again["data"] == {"module": "notes", "active": False}
    assert (off["changed"], again["changed"]) == (True, False)

    on = api.post("/modules/notes/activate")
    repeated = api.post("/modules/notes/activate")
    assert on.json() == repeated.json() == {"module": "notes", "active": True}
    assert (on["SyteOps-Changed"], repeated["SyteOps-Changed"]) == ("true", "false")
    assert api.get("/notes").status_code == 200
    entries = AuditEntry.objects.filter(object_resource="modules").order_by("event")
    assert [(one.event, one.changes) for one in entries] == [
        ("module.activated", {"active": {"before": False, "after": True}}),
        ("module.deactivated", {"active": {"before": True, "after": False}}),
    ]


def test_data_and_config_outlive_being_inactive(api: Api) -> None:
    api.patch("/modules/notes/config", {"config": {"excerpt_length": 200}})
    made = api.post("/notes", {"title": "Kept"}).json()
    api.post("/modules/notes/deactivate?confirm=true")

    assert api.get("/modules/notes/config").json()["config"]["excerpt_length"] == 200
    changed = api.patch("/modules/notes/config", {"config": {"excerpt_length": 300}})
    assert changed.status_code == 200

    api.post("/modules/notes/activate")
    assert api.get(f"/notes/{made['id']}").json()["title"] == "Kept"
    assert config_of("notes")["excerpt_length"] == 300


def test_its_variables_go_and_come_back(db: None) -> None:
    families = [one for one in active_families() if one.module == "estimates"]
    deactivate("estimates")
    assert not [one for one in active_families() if one.module == "estimates"]
    services.activate(SYSTEM, services.locked_state("estimates"))
    assert [one for one in active_families() if one.module == "estimates"] == families


def test_a_dry_run_switches_nothing(api: Api) -> None:
    would = api.post("/modules/notes/deactivate?dry_run=true").json()

    assert would["changed"] is True
    assert would["data"] == {"module": "notes", "active": False}
    assert would["impact"]["module"] == "notes"
    assert inactive_slugs() == set()
    assert not ModuleState.objects.exists()


def test_asking_which_modules_are_inactive_costs_one_query(
    django_assert_num_queries: Any, db: None
) -> None:
    deactivate()
    with django_assert_num_queries(1):
        assert inactive_slugs() == {"notes"}


def test_the_list_costs_the_same_for_any_number_of_modules(
    api: Api, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(2):
        from syteops.modules.queries import all_modules

        found = all_modules()
    assert [one.slug for one in found] == sorted(installed_modules())
    shown = api.get("/modules").json()["modules"]
    assert [set(one) for one in shown] == [
        {"module", "name", "description", "version", "active"} for _ in found
    ]


# --- The admin's sections -------------------------------------------------------------------


@pytest.fixture
def dora(db: None) -> User:
    """Staff, with every right on notes."""
    user = User.objects.create_user("dora", password="dora-password", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="notes"))
    return user


def test_an_inactive_modules_admin_pages_are_gone_and_come_back(
    client: Client, alice: User, dora: User
) -> None:
    for person in (alice, dora):
        client.force_login(person)
        assert client.get("/admin/notes/note/").status_code == 200
        deactivate()
        for page in ("", "add/"):
            assert client.get(f"/admin/notes/note/{page}").status_code == 404
        assert "/admin/notes/note/" not in client.get("/admin/").content.decode()
        services.activate(SYSTEM, services.locked_state("notes"))
        assert client.get("/admin/notes/note/").status_code == 200


def test_rights_decide_for_people_too(
    as_person: Callable[[User], Api], alice: User, bob: User, charlie: User
) -> None:
    assert as_person(bob).get("/modules").status_code == 403
    assert as_person(charlie).post("/modules/notes/deactivate?confirm=true").status_code == 403
    assert as_person(alice).get("/modules").status_code == 200
    bob.user_permissions.add(Permission.objects.get(codename="view_modulestate"))
    assert as_person(bob).get("/modules").status_code == 200
    assert as_person(bob).post("/modules/notes/activate").status_code == 403


def test_what_is_asked_of_an_inactive_module_is_recorded_as_refused(api: Api) -> None:
    """A tool that goes on calling would otherwise be seen by nobody."""
    api.post("/modules/notes/deactivate?confirm=true")

    assert api.get("/notes").json()["code"] == "module_inactive"

    refusal = AuditEntry.objects.get(outcome="refused")
    assert (refusal.operation, refusal.code) == ("notes_items.list", "module_inactive")
