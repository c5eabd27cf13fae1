"""Refused calls are recorded, and flood nothing."""

from collections.abc import Callable

import pytest

from manage_api import views
from syteops.audit.models import AuditEntry
from tests.fixtures import Api

Key = Callable[..., str]


def test_a_key_that_is_refused_all_day_does_not_flood_the_trail(make_key: Key) -> None:
    api = Api(make_key("crm:read"))

    for _ in range(30):
        assert api.delete("/crm-systems/001?confirm=true").status_code == 403
    api.get("/team-members")

    refused = AuditEntry.objects.filter(outcome="refused")
    assert refused.filter(operation="crm.delete").count() == 5
    assert refused.filter(operation="users.list").count() == 1


def test_nor_does_one_that_is_refused_everything(
    make_key: Key, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a few of each call, and more than a hundred calls, that was 600 entries a minute."""
    monkeypatch.setattr(views, "ALL_REFUSALS_KEPT", 7)
    caller, other = Api(make_key("notes_items:read")), Api(make_key("notes_items:read"))
    paths = ("crm-systems", "roles", "estimates", "team-members", "webhooks", "variable-sets")
    for one in paths:
        for _ in range(2):
            assert caller.post(f"/{one}", {}).status_code == 403
    assert AuditEntry.objects.filter(outcome="refused").count() == 7
    assert other.post("/roles", {}).status_code == 403
    assert AuditEntry.objects.filter(outcome="refused").count() == 8


def test_what_is_refused_is_told_on_one_line_that_reads_one_way(make_key: Key) -> None:
    """It is not validated yet, and whoever asks may do nothing."""
    told = Api(make_key("roles:read")).dispatch("crm.delete", {"crm_num": "\u202e1\n00"})
    assert told.status_code == 403
    assert AuditEntry.objects.get(event="crm.refused").object_id == "1 00"
