"""Changes of CRM systems are undone through their services, with whom they know."""

from typing import Any

import pytest

from syteops.audit.models import AuditEntry
from syteops.crm.models import CrmSystem
from tests.fixtures import Api
from tests.samples.team import a_member
from tests.undoing import back_and_forth, latest, over_rest, refused, revert

PATH = "/crm-systems/001"


@pytest.fixture
def system(api: Api) -> CrmSystem:
    api.post("/crm-systems", {"name": "HubSpot", "url": "https://hubspot.example"})
    made: CrmSystem = CrmSystem.objects.get()
    return made


def stored() -> list[Any]:
    names = ("pk", "number", "name", "url", "link_admin_only", "created_at")
    return [
        ([getattr(one, name) for name in names], sorted(one.identifiers.values_list("identifier")))
        for one in CrmSystem.objects.all()
    ]


@pytest.mark.parametrize(
    "change", [{"name": "Other"}, {"url": "", "link_admin_only": True, "name": "X"}]
)
def test_an_update_is_undone_and_redone(api: Api, system: CrmSystem, change: Any) -> None:
    back_and_forth("crm_system.updated", lambda: api.patch(PATH, change), stored, over_rest(api))


def test_a_creation_is_undone_and_redone(api: Api) -> None:
    def change() -> None:
        api.post("/crm-systems", {"name": "HubSpot"})

    back_and_forth("crm_system.created", change, stored, over_rest(api))


def test_a_deletion_is_undone_and_redone_with_whom_it_knew(api: Api, system: CrmSystem) -> None:
    a_member(crm_ids={"001": "H-1"})
    a_member(crm_ids={"001": "H-2"})

    def change() -> None:
        api.delete(f"{PATH}?confirm=true")

    back_and_forth("crm_system.deleted", change, stored, over_rest(api))


@pytest.mark.parametrize(("taken", "number"), [([], "002"), (["Pipedrive"], "003")])
def test_a_deleted_one_has_its_number_again_unless_another_has_it(
    api: Api, taken: list[str], number: str
) -> None:
    for name in ("HubSpot", "Zoho"):
        api.post("/crm-systems", {"name": name})
    api.delete("/crm-systems/002?confirm=true")
    deletion = latest("crm_system.deleted")
    for name in taken:
        api.post("/crm-systems", {"name": name})

    assert revert(api, deletion).json()["object"] == number
    assert api.get(f"/crm-systems/{number}").json()["name"] == "Zoho"


def test_a_lower_number_that_is_free_is_not_taken_instead(api: Api) -> None:
    for name in ("HubSpot", "Zoho"):
        api.post("/crm-systems", {"name": name})
    for number in ("002", "001"):
        api.delete(f"/crm-systems/{number}?confirm=true")
    zoho = AuditEntry.objects.filter(event="crm_system.deleted").earliest("pk")

    assert revert(api, zoho).json()["object"] == "002"


def test_giving_identifiers_back_takes_the_right_to_change_members(
    api: Api, system: CrmSystem, make_key: Any
) -> None:
    api.delete(f"{PATH}?confirm=true")
    without = latest("crm_system.deleted")
    assert revert(api, without).status_code == 200
    a_member(crm_ids={"001": "H-1"})
    api.delete(f"{PATH}?confirm=true")
    keys = ("audit:write", "crm:read", "crm:write")

    refusal = revert(Api(make_key(*keys)), latest("crm_system.deleted"))

    assert (refusal.status_code, refusal.json()["scope"]) == (403, "users:write")
    both = Api(make_key(*keys, "users:write"))
    assert revert(both, latest("crm_system.deleted")).status_code == 200


def test_it_takes_the_scope_of_what_it_amounts_to(
    api: Api, system: CrmSystem, make_key: Any
) -> None:
    api.put(f"{PATH}/secret", {"api_key": "first-key-1"})
    writer = Api(make_key("audit:write", "crm:read", "crm:write"))

    secret = revert(writer, latest("crm_system.secret_set"))
    created = revert(writer, latest("crm_system.created"))

    assert secret.json()["scope"] == "crm:secrets"
    assert created.json()["scope"] == "crm:delete"
    assert CrmSystem.objects.get().api_key is not None


def test_a_later_change_of_the_same_field_stands_in_the_way(api: Api, system: CrmSystem) -> None:
    api.patch(PATH, {"name": "Second", "url": ""})
    second = latest("crm_system.updated")
    api.patch(PATH, {"name": "Third"})

    assert refused(api, second, stored)["fields"] == ["name"]
