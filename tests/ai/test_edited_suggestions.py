"""What is suggested is changed before it is accepted, by the rules of any other write."""

from typing import Any

import pytest
from django.test import Client

from estimates.models import Estimate
from notes.models import Note
from notes.services import create_note
from syteops.ai.models import AiSuggestion
from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.team import services as team
from tests.each import each
from tests.fixtures import Api
from tests.samples.estimates import a_draft
from tests.samples.suggestions import ITEMS, a_suggestion

pytestmark = pytest.mark.django_db


@pytest.fixture
def note() -> Note:
    return create_note(SYSTEM, title="Kick-off", content="Ada writes the brief, Bo calls Grace.")


@pytest.fixture
def two(note: Note) -> AiSuggestion:
    """Two action items that are suggested."""
    item = ITEMS["notes.action_items"]
    return a_suggestion(note, "notes.action_items", item, {**item, "text": "Call Grace"})


@pytest.fixture
def ada() -> str:
    """The number of a team member."""
    return team.create_team_member(SYSTEM, first_name="Ada", last_name="Lovelace").slot


def accept(api: Api, suggestion: AiSuggestion, items: list[int], changes: Any) -> Any:
    where = f"/notes/{suggestion.object_id}/suggestions/{suggestion.pk}/accept"
    return api.post(where, {"items": items, "changes": changes})


def rows(note: Note) -> list[tuple[Any, ...]]:
    return [
        (one.text, one.assignee and one.assignee.slot, one.due_date and one.due_date.isoformat())
        for one in note.action_items.select_related("assignee")
    ]


def test_changes_are_stored_in_place_of_what_was_suggested(
    api: Api, note: Note, two: AiSuggestion, ada: str
) -> None:
    changes = {"0": {"text": "Write both briefs", "assignee": ada, "due_date": "2026-12-01"}}

    stored = accept(api, two, [0, 1], changes)

    assert stored.status_code == 200, stored.json()
    assert rows(note) == [("Write both briefs", ada, "2026-12-01"), ("Call Grace", None, None)]
    assert stored.json()["action_items"][0]["assignee"] == ada
    entry = AuditEntry.objects.get(event="ai_suggestion.accepted")
    assert entry.changes["items"]["after"] == [0, 1]
    assert entry.changes["edited"]["after"] == [0]
    assert "brief" not in str(entry.changes)
    written = AuditEntry.objects.get(event="note.updated")
    assert "Write both briefs" in str(written.changes["action_items"]["after"])


def test_what_is_accepted_as_it_is_was_not_edited(api: Api, two: AiSuggestion) -> None:
    assert accept(api, two, [1], {"1": {"text": "Call Grace"}}).status_code == 200
    assert "edited" not in AuditEntry.objects.get(event="ai_suggestion.accepted").changes


def test_the_same_decision_again_changes_nothing_and_another_is_refused(
    api: Api, note: Note, two: AiSuggestion
) -> None:
    changes = {"0": {"text": "Write it"}}
    accept(api, two, [0], changes)

    again = accept(api, two, [0], changes)
    assert (again.status_code, again.headers["SyteOps-Changed"]) == (200, "false")
    assert accept(api, two, [0], {"0": {"text": "Forget it"}}).status_code == 409
    assert [text for text, *_ in rows(note)] == ["Write it"]


@each(
    ("changes", "pointer", "code"),
    [
        ({"0": {"text": ""}}, "#/changes/0/text", "required"),
        ({"0": {"text": "\u200b"}}, "#/changes/0/text", "required"),
        ({"0": {"text": "x" * 501}}, "#/changes/0/text", "too_long"),
        ({"0": {"text": "a\nb"}}, "#/changes/0/text", "invalid"),
        ({"0": {"text": 5}}, "#/changes/0/text", "invalid"),
        ({"0": {"due_date": "soon"}}, "#/changes/0/due_date", "invalid"),
        ({"0": {"assignee": "999"}}, "#/changes/0/assignee", "not_found"),
        ({"0": {"assignee": "x"}}, "#/changes/0/assignee", "invalid"),
        ({"0": {"done": True}}, "#/changes/0/done", "unknown_field"),
        ({"0": {"assignee_name": "Eve"}}, "#/changes/0/assignee_name", "unknown_field"),
        ({"0": []}, "#/changes/0", "invalid"),
        ({"1": {"text": "Not chosen"}}, "#/changes", "invalid"),
        ({"00": {"text": "No index"}}, "#/changes", "invalid"),
        ([], "#/changes", "invalid"),
    ],
)
def test_a_wrong_change_is_named_and_nothing_is_stored(
    api: Api, note: Note, two: AiSuggestion, changes: Any, pointer: str, code: str
) -> None:
    refused = accept(api, two, [0], changes)

    assert refused.status_code == 400
    [error] = refused.json()["errors"]
    assert (error["pointer"], error["code"]) == (pointer, code)
    assert rows(note) == []
    two.refresh_from_db()
    assert two.state == "ready"


def test_all_that_is_wrong_is_named_at_once(api: Api, two: AiSuggestion) -> None:
    changes = {"0": {"text": "", "due_date": "soon"}, "1": {"assignee": "999"}}
    errors = accept(api, two, [0, 1], changes).json()["errors"]
    found = {one["pointer"] for one in errors}
    assert found == {"#/changes/0/text", "#/changes/0/due_date", "#/changes/1/assignee"}


def test_a_price_and_a_summary_are_changed_as_well(api: Api, note: Note) -> None:
    draft = a_draft(content="Hosting for a year.", line_items=[])
    made = a_suggestion(draft, "estimates.line_items")
    where = f"/estimates/{draft.pk}/suggestions/{made.pk}/accept"
    for wrong in ("1,5", "9" * 20):
        refused = api.post(where, {"items": [0], "changes": {"0": {"unit_price": wrong}}})
        assert refused.json()["errors"][0]["pointer"] == "#/changes/0/unit_price"
    api.post(where, {"items": [0], "changes": {"0": {"unit_price": "19.50", "quantity": 3}}})
    line = Estimate.objects.get().line_items.get()
    assert (str(line.unit_price), str(line.quantity)) == ("19.5000", "3.0000")

    summary = a_suggestion(note, "notes.summary")
    stored = accept(api, summary, [0], {"0": {"summary": "They start on Tuesday."}})
    assert stored.json()["excerpt"] == "They start on Tuesday."


# --- In the admin ----------------------------------------------------------------------------


def review(page: Client, suggestion: AiSuggestion) -> tuple[str, Any]:
    url = f"/admin/notes/note/{suggestion.object_id}/suggestions/{suggestion.pk}/"
    return url, page.get(url).context["items"]


def as_shown(items: Any) -> dict[str, Any]:
    fields = {field.html_name: field.value() or "" for item in items for field in item}
    return {"accept": "", "item": [item.index for item in items], **fields}


def test_an_untouched_page_accepts_what_was_suggested(
    page: Client, note: Note, two: AiSuggestion
) -> None:
    url, items = review(page, two)
    assert "Stored: 2" in page.post(url, as_shown(items), follow=True).content.decode()
    assert rows(note) == [("Write the brief", None, None), ("Call Grace", None, None)]
    assert "edited" not in AuditEntry.objects.get(event="ai_suggestion.accepted").changes


def test_a_person_changes_an_item_and_takes_it(
    page: Client, note: Note, two: AiSuggestion, ada: str
) -> None:
    url, items = review(page, two)
    changed = {"item-1-text": "Call Grace Hopper", "item-1-assignee": ada, "item": [1]}
    page.post(url, {**as_shown(items), **changed})
    assert rows(note) == [("Call Grace Hopper", ada, None)]
    entry = AuditEntry.objects.get(event="ai_suggestion.accepted")
    assert entry.changes["edited"]["after"] == [1]


def test_what_is_wrong_is_shown_beside_its_field_and_nothing_typed_is_lost(
    page: Client, note: Note, two: AiSuggestion
) -> None:
    url, items = review(page, two)
    wrong = {"item-0-text": "Typed anew", "item-0-due_date": "soon", "item": [0]}

    shown = page.post(url, {**as_shown(items), **wrong})

    first, second = shown.context["items"]
    assert list(first.errors) == ["due_date"]
    assert (first["text"].value(), first["due_date"].value()) == ("Typed anew", "soon")
    assert (first.is_wanted, second.is_wanted) == (True, False)
    assert "Nothing was stored" in shown.content.decode()
    assert rows(note) == []
