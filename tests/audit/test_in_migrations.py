"""What a new site begins with is in its trail: the rows that data migrations make."""

import json
from pathlib import Path

import pytest

from syteops.audit.models import AuditEntry
from syteops.history.undoable import why_never
from tests.processes import manage

pytestmark = pytest.mark.combination


def test_it_came_through_a_door_of_its_own(tmp_path: Path, fresh_database: dict[str, str]) -> None:
    manage("migrate", data_dir=tmp_path, **fresh_database)
    dumped = manage("dumpdata", "audit.auditentry", data_dir=tmp_path, **fresh_database)
    entries = [one["fields"] for one in json.loads(dumped.stdout)]

    made = {(one["event"], one["object_id"]) for one in entries}
    assert {("role.created", "site_owner"), ("ai_provider.created", "openai")} <= made
    assert {(one["door"], one["actor_label"]) for one in entries} == {("migration", "SyteOps")}
    verified = manage("verify_audit", data_dir=tmp_path, **fresh_database)
    assert f"The audit trail is whole: {len(entries)} sealed entries." in verified.stdout


def test_what_a_migration_made_is_not_undone() -> None:
    entry = AuditEntry(event="role.created", door="migration", object_pk="1")
    entry.changes = {"name": {"before": None, "after": "Site owner"}}

    assert why_never(entry) == "This came with SyteOps itself and is not undone."
