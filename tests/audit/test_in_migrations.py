"""What a new site begins with is in its trail: the rows that data migrations make."""

import pytest
from django.core.management import call_command

from syteops.audit.chain import seal_pending
from syteops.audit.models import AuditEntry
from syteops.history.undoable import why_never

pytestmark = pytest.mark.combination


def test_it_came_through_a_door_of_its_own(
    begun_with: list[AuditEntry], capsys: pytest.CaptureFixture[str]
) -> None:
    made = {(one.event, one.object_id) for one in begun_with}
    assert {("role.created", "site_owner"), ("ai_provider.created", "openai")} <= made
    assert {(one.door, one.actor_label) for one in begun_with} == {("migration", "SyteOps")}

    assert seal_pending() == len(begun_with)  # as the first write does
    call_command("verify_audit")

    told = capsys.readouterr().out
    assert f"The audit trail is whole: {len(begun_with)} sealed entries." in told


def test_what_a_migration_made_is_not_undone() -> None:
    entry = AuditEntry(event="role.created", door="migration", object_pk="1")
    entry.changes = {"name": {"before": None, "after": "Site owner"}}

    assert why_never(entry) == "This came with SyteOps itself and is not undone."
