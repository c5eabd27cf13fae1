"""What automations know of the notes."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from notes import services
from notes.models import Note
from notes.variables import note_variables
from syteops.core.actors import SYSTEM
from syteops.modules import services as modules
from tests.fixtures import Api


def values() -> dict[str, str]:
    return {one.name: one.value for one in note_variables()}


def test_without_notes_there_is_nothing_to_do(db) -> None:
    assert values() == {
        "syteops_notes_count_draft": "0",
        "syteops_notes_count_published": "0",
        "syteops_notes_count_archived": "0",
        "syteops_notes_open_action_items": "0",
        "syteops_notes_overdue_action_items": "0",
        "syteops_notes_next_follow_up": "",
    }


def test_variables_follow_the_notes_at_once(db) -> None:
    today = timezone.localdate()
    items: list[dict[str, Any]] = [
        {"text": "Late", "due_date": today - timedelta(days=1)},
        {"text": "Today", "due_date": today},
        {"text": "Done", "done": True, "due_date": today - timedelta(days=9)},
        {"text": "Some day"},
    ]
    services.create_note(
        SYSTEM, title="A", action_items=items, follow_up_date=today + timedelta(days=3)
    )
    services.create_note(SYSTEM, title="B", status="archived", action_items=items,
                         follow_up_date=today)  # fmt: skip

    found = values()
    assert found["syteops_notes_count_draft"] == "1"
    assert found["syteops_notes_count_archived"] == "1"
    assert found["syteops_notes_open_action_items"] == "3"
    assert found["syteops_notes_overdue_action_items"] == "1"
    assert found["syteops_notes_next_follow_up"] == (today + timedelta(days=3)).isoformat()

    services.update_note(SYSTEM, Note.objects.get(slug="a"), action_items=[])
    assert values()["syteops_notes_open_action_items"] == "0"


def test_an_inactive_module_has_no_variables_and_no_operations(api: Api) -> None:
    def names() -> str:
        return str(api.get("/variables?per_page=200").content)

    assert "syteops_notes_" in names()
    modules.deactivate(SYSTEM, modules.locked_state("notes"))

    assert "syteops_notes_" not in names()
    refused = api.get("/notes")
    assert (refused.status_code, refused.json()["code"]) == (404, "module_inactive")
