"""What a write sends is looked at before the database is locked; what is wrong waits its turn."""

from typing import Any

import pytest
from django.db import connection

from manage_api import execution, shared
from tests.fixtures import Api

pytestmark = pytest.mark.django_db
WRONG = {"name": 5, "unknown": 1}


def test_nobody_waits_while_it_is_validated(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    validate = shared.validate

    def validated(*args: Any, **kwargs: Any) -> Any:
        seen.append(len(connection.atomic_blocks))
        return validate(*args, **kwargs)

    monkeypatch.setattr(execution, "validate", validated)
    around = len(connection.atomic_blocks)

    assert api.post("/crm-systems", {"name": "HubSpot"}, Idempotency_Key="a").status_code == 201
    assert api.patch("/crm-systems/001", {"name": "Zoho"}).json()["name"] == "Zoho"
    assert api.patch("/crm-systems/001", WRONG).status_code == 400
    assert seen == [around] * 3


def test_a_stale_etag_is_told_before_what_is_wrong(api: Api) -> None:
    api.post("/crm-systems", {"name": "HubSpot"})
    stale = api.patch("/crm-systems/001", WRONG, If_Match='"stale"')
    gone = api.patch("/crm-systems/999", WRONG, If_Match='"stale"')
    wrong = api.patch("/crm-systems/001", WRONG, If_Match="*")

    assert (stale.status_code, gone.status_code) == (412, 412)
    assert {one["pointer"] for one in wrong.json()["errors"]} == {"#/name", "#/unknown"}
    assert api.get("/crm-systems/001").json()["name"] == "HubSpot"


def test_what_was_wrong_once_is_wrong_again_and_right_after_that(api: Api) -> None:
    """Nothing of a refused attempt stays: not its errors, and no answer under its key."""
    for _ in range(2):
        refused = api.post("/crm-systems", WRONG, Idempotency_Key="b")
        assert refused.status_code == 400
        assert len(refused.json()["errors"]) == 2
    assert api.post("/crm-systems", {"name": "Zoho"}, Idempotency_Key="b").status_code == 201
    assert api.post("/crm-systems", WRONG, Idempotency_Key="b").status_code == 422
