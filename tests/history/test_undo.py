"""A change can be undone, and the undoing too, unless something stands in the way."""

from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission, User

from manage_api.operations import find
from syteops.audit.models import AuditEntry
from syteops.core.entities import Entity
from syteops.crm.models import CrmSystem
from syteops.history import undo, undoable
from tests.docs.events import documented
from tests.fixtures import Api


@pytest.fixture
def system(api: Api) -> str:
    api.post("/crm-systems", {"name": "HubSpot", "url": "https://hubspot.example"})
    return "/crm-systems/001"


def _revert_latest(api: Api, confirm: str = "true") -> Any:
    latest = AuditEntry.objects.filter(outcome="changed").first()
    assert latest is not None
    return api.post(f"/audit/{latest.pk}/revert?confirm={confirm}")


def test_an_update_is_undone_and_the_undoing_as_well(api: Api, system: str) -> None:
    api.patch(system, {"name": "Other", "link_admin_only": True})

    assert _revert_latest(api).status_code == 200
    assert api.get(system).json()["name"] == "HubSpot"
    assert api.get(system).json()["link_admin_only"] is False
    assert _revert_latest(api).status_code == 200
    assert api.get(system).json()["name"] == "Other"


def test_it_asks_first_and_says_what_it_would_undo(api: Api, system: str) -> None:
    api.patch(system, {"name": "Other"})

    refused = _revert_latest(api, confirm="false")

    assert refused.status_code == 428
    assert refused.json()["impact"]["changes"]["name"]["before"] == "HubSpot"
    assert api.get(system).json()["name"] == "Other"


def test_a_creation_is_undone_by_deleting_and_the_deletion_by_restoring(
    api: Api, system: str
) -> None:
    _revert_latest(api)
    assert api.get(system).status_code == 404

    assert _revert_latest(api).status_code == 200
    assert api.get(system).json()["url"] == "https://hubspot.example"
    assert CrmSystem.all_objects.count() == 1


def test_a_later_change_of_the_same_field_stands_in_the_way(api: Api, system: str) -> None:
    api.patch(system, {"name": "Second"})
    second = AuditEntry.objects.first()
    assert second is not None
    api.patch(system, {"name": "Third"})

    refused = api.post(f"/audit/{second.pk}/revert?confirm=true")

    assert (refused.status_code, refused.json()["fields"]) == (409, ["name"])
    assert api.get(system).json()["name"] == "Third"


def test_a_field_that_has_the_value_it_got_then_is_put_back(api: Api, system: str) -> None:
    api.patch(system, {"name": "Second"})
    second = AuditEntry.objects.filter(outcome="changed")[0]
    for name in ("Third", "Second"):
        api.patch(system, {"name": name})

    assert api.post(f"/audit/{second.pk}/revert?confirm=true").status_code == 200
    assert api.get(system).json()["name"] == "HubSpot"


def test_a_later_change_of_another_field_does_not(api: Api, system: str) -> None:
    api.patch(system, {"name": "Second"})
    second = AuditEntry.objects.first()
    assert second is not None
    api.patch(system, {"link_admin_only": True})

    assert api.post(f"/audit/{second.pk}/revert?confirm=true").status_code == 200
    assert api.get(system).json()["name"] == "HubSpot"
    assert api.get(system).json()["link_admin_only"] is True


def test_a_new_secret_is_undone_by_clearing_it(api: Api, system: str) -> None:
    api.put(f"{system}/secret", {"api_key": "first-key-1"})

    assert _revert_latest(api).status_code == 200
    assert api.get(system).json()["key_set"] is False


def test_a_replaced_or_cleared_secret_cannot_come_back(api: Api, system: str) -> None:
    api.put(f"{system}/secret", {"api_key": "first-key-1"})
    api.put(f"{system}/secret", {"api_key": "second-key-2"})
    assert _revert_latest(api).status_code == 409

    api.delete(f"{system}/secret?api_key=true&confirm=true")
    assert _revert_latest(api).status_code == 409
    assert api.get(system).json()["key_set"] is False


def test_the_life_of_a_key_cannot_be_undone(api: Api) -> None:
    generated = AuditEntry.objects.get(event="key.generated")

    refused = api.post(f"/audit/{generated.pk}/revert?confirm=true")

    assert (refused.status_code, refused.json()["code"]) == (409, "protected")


def test_what_was_refused_cannot_be_undone(make_key: Any, api: Api, system: str) -> None:
    Api(make_key("crm:read")).patch(system, {"name": "Zoho"})
    entry = AuditEntry.objects.get(outcome="refused")

    answer = api.post(f"/audit/{entry.pk}/revert?confirm=true")

    assert (answer.status_code, answer.json()["code"]) == (409, "protected")
    assert answer.json()["detail"].startswith("This was refused")


def test_it_needs_the_scope_to_write_the_trail(make_key: Any, api: Api, system: str) -> None:
    entry = AuditEntry.objects.first()
    assert entry is not None
    refused = Api(make_key("audit:read", "crm:write", "crm:delete")).post(
        f"/audit/{entry.pk}/revert?confirm=true"
    )

    assert (refused.status_code, refused.json()["scope"]) == (403, "audit:write")


@pytest.mark.parametrize("query", ["?confirm=true", "?dry_run=true", ""])
def test_it_needs_the_scope_of_what_it_amounts_to_and_tells_nothing_without(
    make_key: Callable[..., str], api: Api, system: str, query: str
) -> None:
    entry = AuditEntry.objects.first()
    assert entry is not None
    refused = Api(make_key("audit:write", "crm:read", "crm:write")).post(
        f"/audit/{entry.pk}/revert{query}"
    )

    assert (refused.status_code, refused.json()["scope"]) == (403, "crm:delete")
    assert "HubSpot" not in refused.content.decode()
    assert CrmSystem.objects.count() == 1
    kept = AuditEntry.objects.filter(outcome="refused").latest("id")
    assert (kept.operation, kept.object_id) == ("audit.revert", str(entry.pk))


def test_a_person_needs_both_permissions(
    as_person: Callable[[User], Api], api: Api, bob: User, system: str
) -> None:
    api.patch(system, {"name": "Other"})
    updated, created = AuditEntry.objects.filter(object_resource="crm")[:2]
    wanted = Permission.objects.get(codename="change_auditentry")

    first = as_person(bob).post(f"/audit/{updated.pk}/revert?confirm=true")
    bob.user_permissions.add(wanted)
    second = as_person(bob).post(f"/audit/{created.pk}/revert?confirm=true")

    assert (first.status_code, first.json()["permission"]) == (403, "audit.change_auditentry")
    assert (second.status_code, second.json()["permission"]) == (403, "crm.delete_crmsystem")
    assert CrmSystem.objects.get().name == "Other"
    assert as_person(bob).post(f"/audit/{updated.pk}/revert?confirm=true").status_code == 200
    assert CrmSystem.objects.get().name == "HubSpot"


def test_both_faces_answer_what_was_undone_and_where_it_is(api: Api, system: str) -> None:
    api.patch(system, {"name": "Other"})
    updated = AuditEntry.objects.filter(outcome="changed")[0]

    answer = api.dispatch("audit.revert", {"id": str(updated.pk)}, confirm=True).json()

    told = {"id": updated.pk, "reverted": True, "resource": "crm", "object": "001"}
    assert (answer["data"], answer["changed"]) == (told, True)
    redo = AuditEntry.objects.filter(outcome="changed")[0]
    assert _revert_latest(api).json() == {**told, "id": redo.pk}


def test_what_somebody_wrote_into_an_entry_is_not_done_for_him(api: Api, system: str) -> None:
    """Whoever undoes it may have rights that he has not, who can write to the database."""
    api.patch(system, {"name": "Other"})
    entry = AuditEntry.objects.all()[:1].get()
    changes = {"name": {"before": "Forged", "after": "Other"}}
    AuditEntry.objects.filter(pk=entry.pk).update(changes=changes)

    refused = _revert_latest(api)

    assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
    assert api.get(system).json()["name"] == "Other"
    AuditEntry.objects.filter(pk=entry.pk).update(changes=entry.changes)
    assert _revert_latest(api).status_code == 200


def test_the_same_change_is_undone_once(api: Api, system: str) -> None:
    api.patch(system, {"name": "Other"})
    entry = AuditEntry.objects.filter(outcome="changed")[0]
    address = f"/audit/{entry.pk}/revert?confirm=true"
    assert api.post(address, Idempotency_Key="once").status_code == 200

    assert api.post(address, Idempotency_Key="once").headers["Idempotent-Replayed"] == "true"
    assert api.post(address).status_code == 409
    assert AuditEntry.objects.filter(object_resource="crm", outcome="changed").count() == 3


def test_every_kind_of_entity_says_whether_its_changes_are_undone() -> None:
    """A new entity that is audited has its services, or a place in this list and a reason."""
    never = {
        "audit_entry",  # the trail itself
        "ai_usage",  # metered, never changed by anybody
        "ai_suggestion",  # what was accepted of it is undone where it was stored
        "invitation",  # nor a link: another one is made as easily
    }
    entities = {model.noun for model in apps.get_models() if issubclass(model, Entity)}
    assert {noun for noun in entities if noun not in undo.all_undos()} == never


def test_whatever_undoing_amounts_to_is_an_operation_or_for_the_admin() -> None:
    """A renamed operation must not silently move an undo to the admin."""
    only_in_admin = {
        *(f"ai.{action}" for action in ("create", "update", "delete")),
        *(f"{one}.{action}" for one in ("license", "connection") for action in ("update", *SECRET)),
        *(f"webhooks.{action}" for action in SECRET),
        *(f"groups.{action}" for action in ("create", "update", "delete")),
        *("people.update", "api.enable", "api.disable", "keys.pause", "keys.resume"),
    }
    events = [AuditEntry(event=event) for event in documented()]
    kinds = [(undoable.undo_of(entry), entry) for entry in events]
    known = [entry for one, entry in kinds if one and undoable.verb_of(entry) in one.actions]
    needed = {name for entry in known for name in undoable.amounts_to(entry)}

    assert len(needed) > 20
    assert {name for name in needed if not find(*name.split("."))} == only_in_admin
    for one in undo.all_undos().values():
        assert all(find(*name.split(".")) for name in one.also_needs.values())


SECRET = ("set_secret", "clear_secret")
