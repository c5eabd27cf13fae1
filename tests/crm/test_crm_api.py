from typing import Any

from syteops.crm.models import CrmSystem
from tests.fixtures import Api


def test_a_freed_number_is_reused_lowest_first(api: Api) -> None:
    for name in ("One", "Two", "Three"):
        api.post("/crm-systems", {"name": name})
    api.delete("/crm-systems/001?confirm=true")
    api.delete("/crm-systems/002?confirm=true")

    made: Any = api.post("/crm-systems", {"name": "Four"})

    assert made.json()["crm_num"] == "001"
    assert made.headers["Location"].endswith("/crm-systems/001")


def test_deleting_clears_the_secrets_and_says_so_beforehand(api: Api) -> None:
    api.post("/crm-systems", {"name": "HubSpot"})
    api.put("/crm-systems/001/secret", {"api_key": "canary-key"})

    refused = api.delete("/crm-systems/001")
    assert refused.status_code == 428
    assert refused.json()["impact"]["secrets_cleared"] == 1
    assert CrmSystem.objects.count() == 1

    assert api.delete("/crm-systems/001?confirm=true").json() == {"crm_num": "001", "deleted": True}
    assert CrmSystem.all_objects.get().api_key is None
