"""A change can be undone, and the undoing too, unless something stands in the way."""

from typing import Any

import pytest

from syteops.audit.models import AuditEntry
from syteops.crm.models import CrmSystem
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


def test_a_refusal_and_the_life_of_a_key_cannot_be_undone(api: Api) -> None:
    generated = AuditEntry.objects.get(event="key.generated")

    refused = api.post(f"/audit/{generated.pk}/revert?confirm=true")

    assert (refused.status_code, refused.json()["code"]) == (409, "protected")


def test_it_needs_the_scope_to_write_the_trail(make_key: Any, api: Api, system: str) -> None:
    entry = AuditEntry.objects.first()
    assert entry is not None
    refused = Api(make_key("audit:read", "crm:write", "crm:delete")).post(
        f"/audit/{entry.pk}/revert?confirm=true"
    )

    assert (refused.status_code, refused.json()["scope"]) == (403, "audit:write")
