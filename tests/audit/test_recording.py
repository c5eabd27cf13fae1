"""What is stored is what changed, no more; and all that changed is recorded."""

from typing import Any

import pytest

from notes.models import Note
from syteops.audit import chain
from syteops.audit import services as audit
from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.core.errors import Invalid
from syteops.crm import services
from syteops.crm.models import CrmSystem
from tests.fixtures import Api
from tests.samples.team import a_member

pytestmark = pytest.mark.django_db


@pytest.fixture
def system() -> CrmSystem:
    return services.create_crm_system(SYSTEM, name="HubSpot", url="https://hubspot.example")


# --- Only what changed is stored -----------------------------------------------------------


def test_a_change_of_one_field_leaves_what_another_has_changed_meanwhile(
    system: CrmSystem,
) -> None:
    """Both have read the same state, as two processes do."""
    first, second = (CrmSystem.objects.get() for _ in range(2))

    audit.update(SYSTEM, first, {"name": "Zoho"})
    audit.update(SYSTEM, second, {"link_admin_only": True})

    assert CrmSystem.objects.values_list("name", "link_admin_only", "url").get() == (
        "Zoho",
        True,
        "https://hubspot.example",
    )


def test_a_new_secret_leaves_the_other_one_as_it_is(system: CrmSystem) -> None:
    first, second = (CrmSystem.objects.get() for _ in range(2))

    audit.set_secret(SYSTEM, first, "api_key", "key-1234")
    audit.set_secret(SYSTEM, second, "api_secret", "secret-5678")

    stored = CrmSystem.objects.get()
    assert stored.api_key is not None
    assert stored.api_secret is not None


def test_a_deletion_leaves_what_another_has_changed_meanwhile(system: CrmSystem) -> None:
    first, second = (CrmSystem.objects.get() for _ in range(2))
    audit.update(SYSTEM, first, {"name": "Zoho"})

    audit.delete_softly(SYSTEM, second)

    assert CrmSystem.all_objects.get().name == "Zoho"


@pytest.mark.parametrize("wrong", [{"url": "no url"}, {"name": ""}, {"name": "x" * 1000}])
def test_what_is_not_valid_is_not_stored_whoever_calls_the_service(
    system: CrmSystem, wrong: dict[str, str]
) -> None:
    """Forms and serializers look first; a command or a worker has neither."""
    with pytest.raises(Invalid):
        services.update_crm_system(SYSTEM, system, **wrong)

    assert CrmSystem.objects.values("name", "url").get() == {
        "name": "HubSpot",
        "url": "https://hubspot.example",
    }
    assert not AuditEntry.objects.filter(event="crm_system.updated").exists()


# --- All that changed is recorded ----------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"n": 1}, {"n": True}),
        ({"n": True}, {"n": 1}),
        ({"n": 0}, {"n": False}),
        ({"n": [1, {"m": 0}]}, {"n": [1, {"m": False}]}),
    ],
)
def test_values_that_only_python_takes_for_equal_are_a_change(
    api: Api, before: dict[str, Any], after: dict[str, Any]
) -> None:
    """`1 == True` there; in JSON they are two values, and tools tell them apart."""
    made = api.post("/notes", {"title": "x", "meta": before}).json()

    answer = api.patch(f"/notes/{made['id']}", {"meta": after})

    assert answer.headers["SyteOps-Changed"] == "true"
    entry = AuditEntry.objects.get(event="note.updated")
    assert repr(entry.changes["meta"]["before"]) == repr(before)
    assert repr(entry.changes["meta"]["after"]) == repr(after) == repr(Note.objects.get().meta)


def test_the_same_values_in_another_order_are_none(api: Api) -> None:
    made = api.post("/notes", {"title": "x", "meta": {"a": 1, "b": 2}}).json()

    answer = api.patch(f"/notes/{made['id']}", {"meta": {"b": 2, "a": 1}})

    assert answer.headers["SyteOps-Changed"] == "false"
    assert not AuditEntry.objects.filter(event="note.updated").exists()


def test_an_entry_says_who_did_what_to_which_object_and_from_where(api: Api) -> None:
    made = api.client.post(
        "/api/manage/v1/crm-systems",
        {"name": "HubSpot"},
        content_type="application/json",
        REMOTE_ADDR="203.0.113.9",
        headers={"X-Request-ID": "my-request-0001"},
    )
    assert made.status_code == 201

    entry = AuditEntry.objects.get(event="crm_system.created")

    assert (entry.actor_kind, entry.actor_label[:8]) == ("key", "Site key")
    assert (entry.door, entry.operation) == ("rest", "crm.create")
    assert (entry.object_resource, entry.object_id) == ("crm", "001")
    assert entry.object_pk == str(CrmSystem.objects.get().pk)
    assert (entry.address, entry.request_id) == ("203.0.113.9", "my-request-0001")


# --- Written once --------------------------------------------------------------------------


def test_no_entry_is_edited_or_deleted_through_its_model(system: CrmSystem) -> None:
    entry = AuditEntry.objects.get()

    with pytest.raises(TypeError, match="never edited"):
        entry.save()
    with pytest.raises(TypeError, match="never deleted"):
        entry.delete()

    assert AuditEntry.objects.get().changes == entry.changes


def test_a_secret_is_in_no_entry_whatever_happens_to_it(api: Api) -> None:
    api.post("/crm-systems", {"name": "HubSpot"})
    for text in ("canary-first-1", "canary-second-2"):
        api.put("/crm-systems/001/secret", {"api_key": text})
    api.delete("/crm-systems/001/secret?api_key=true&confirm=true")

    told = [
        one.changes["api_key"]
        for one in AuditEntry.objects.filter(object_resource="crm").order_by("id")
        if "api_key" in one.changes
    ]

    assert told == [
        {"before": None, "after": "set"},
        {"before": "set", "after": "replaced"},
        {"before": "set", "after": "cleared"},
    ]
    everything = str(list(AuditEntry.objects.values()))
    assert "canary" not in everything


def test_whatever_fails_after_a_change_takes_its_entry_along(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_member()
    before = AuditEntry.objects.count()

    def fail(*args: Any, **named: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(chain, "mac_of", fail)
    answer = api.post("/crm-systems", {"name": "HubSpot"})

    assert answer.status_code == 500
    assert not CrmSystem.objects.exists()
    assert AuditEntry.objects.count() == before
