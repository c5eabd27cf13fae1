"""Notes over both faces of the API: what is stored is what is answered."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User

from notes.models import ActionItem, Note, NoteAttendee, NoteTag
from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.lib.meta import DEEPEST
from syteops.team import services as team
from tests.admin_forms import untouched
from tests.each import each
from tests.fixtures import Api, signed_in
from tests.transfer.transferring import SHEETS, as_file, report, upload

WHOLE = {
    "title": "Kick-off with Ada",
    "content": "# Plan\n\nWe **start** on *Monday*.",
    "status": "published",
    "author": "001",
    "attendees": ["002", "001"],
    "attendee_names": ["Zoe  Guest"],
    "meeting_date": "2026-11-20",
    "follow_up_date": "2026-12-04",
    "action_items": [
        {"text": "Write the brief", "assignee": "002", "due_date": "2026-12-01", "done": False},
        {"text": "Book a room", "assignee": None, "due_date": None, "done": True},
    ],
    "tags": ["Kick-Off", "client", "CLIENT"],
    "meta": {"source": {"calendar": 17}},
}


@pytest.fixture
def people(db):
    return [
        team.create_team_member(SYSTEM, first_name="Ada", last_name="Lovelace"),
        team.create_team_member(SYSTEM, first_name="Bob", last_name="Builder"),
    ]


@pytest.mark.parametrize("levels", [DEEPEST, DEEPEST + 1])
def test_every_door_takes_a_meta_of_the_same_depth(api: Api, alice: User, levels: int) -> None:
    """And one that has a backslash in it, as a pattern has, is no text with a NUL."""
    meta: Any = r"[^\u0000-\u001f]"
    for _ in range(levels - 1):
        meta = {"a": meta}
    values, page = {"title": "T", "meta": meta}, signed_in(alice)
    item = {"action": "create", "params": values}
    form = untouched(page.get("/admin/notes/note/add/")) | {**values, "meta": json.dumps(meta)}
    file = as_file([["title", "meta"], ["T", json.dumps(meta)]])

    doors = [
        api.post("/notes", values).status_code == 201,
        api.dispatch("notes_items.create", values).json()["ok"],
        api.post("/notes/bulk", {"items": [item]}).status_code == 200,
        api.dispatch("notes_items.bulk", {"items": [item]}).json()["ok"],
        page.post("/admin/notes/note/add/", form).status_code == 302,
        not report(upload(page, SHEETS["notes"], file)).problems,
    ]

    assert doors == [levels == DEEPEST] * 6
    assert all(one.meta == meta for one in Note.objects.all())


def test_a_note_keeps_everything_it_was_given(api: Api, people) -> None:
    made = api.post("/notes", WHOLE)

    assert made.status_code == 201
    assert made.headers["Location"].endswith(f"/notes/{made.json()['id']}")
    shown = made.json()
    assert shown["author"] == "001"
    assert shown["author_name"] == "Ada Lovelace"
    assert shown["attendees"] == ["002", "001"]
    assert shown["attendee_names"] == ["Zoe Guest"]
    assert [item["text"] for item in shown["action_items"]] == ["Write the brief", "Book a room"]
    assert shown["action_items"][0]["assignee"] == "002"
    assert shown["tags"] == ["client", "kick-off"]
    assert shown["excerpt"] == "Plan We start on Monday."
    assert shown["slug"] == "kick-off-with-ada"
    assert shown["meta"] == {"source": {"calendar": 17}}
    assert api.get(f"/notes/{shown['id']}").json() == shown
    pages = {"total": 1, "page": 1, "per_page": 50, "next": None}
    assert api.get("/notes").json() == {"items": [shown], **pages}


def test_dispatch_answers_what_rest_answers(api: Api, people) -> None:
    made = api.dispatch("notes_items.create", WHOLE).json()
    assert made["ok"], made
    note_id = made["data"]["id"]

    assert isinstance(note_id, int)
    read = api.dispatch("notes_items.get", {"id": str(note_id)})
    assert read.json()["data"] == api.get(f"/notes/{note_id}").json()
    changed = api.dispatch("notes_items.update", {"id": str(note_id), "title": "Other"})
    assert changed.json()["changed"] is True
    gone = api.dispatch("notes_items.delete", {"id": str(note_id)}, confirm=True)
    assert gone.json()["data"] == {"id": note_id, "deleted": True}
    assert not Note.objects.exists()


def test_sending_a_note_back_as_it_was_read_changes_nothing(api: Api, people) -> None:
    note = api.post("/notes", WHOLE).json()
    sent = {n: v for n, v in note.items() if n in WHOLE or n in ("excerpt", "slug")}
    before = AuditEntry.objects.count()

    again = api.patch(f"/notes/{note['id']}", sent)

    assert again.headers["SyteOps-Changed"] == "false"
    assert again.json() == note
    assert AuditEntry.objects.count() == before


def test_the_same_values_once_more_change_nothing_even_without_ids(api: Api, people) -> None:
    note = api.post("/notes", WHOLE).json()

    again = api.patch(f"/notes/{note['id']}", WHOLE)

    assert again.headers["SyteOps-Changed"] == "false"
    assert again.json() == note


def test_one_change_is_one_audit_entry_with_its_lists(api: Api, people) -> None:
    note = api.post("/notes", WHOLE).json()
    AuditEntry.objects.all()._raw_delete("default")

    api.patch(f"/notes/{note['id']}", {"title": "New", "tags": ["x"], "attendees": []})

    entry = AuditEntry.objects.get()
    assert entry.event == "note.updated"
    assert entry.object_id == str(note["id"])
    assert entry.changes["title"] == {"before": "Kick-off with Ada", "after": "New"}
    assert entry.changes["tags"] == {"before": ["client", "kick-off"], "after": ["x"]}
    assert entry.changes["attendees"] == {"before": ["002", "001"], "after": []}
    assert set(entry.changes) == {"title", "tags", "attendees"}


def test_deleting_asks_first_and_then_takes_everything_along(api: Api, people) -> None:
    note = api.post("/notes", WHOLE).json()

    asked = api.delete(f"/notes/{note['id']}")
    assert asked.status_code == 428
    impact = asked.json()["impact"]
    assert impact.pop("lineage")["removed"] == ["syteops_notes_next_follow_up"]
    assert impact == {
        "id": note["id"], "title": "Kick-off with Ada", "action_items": 2, "attendees": 3,
    }  # fmt: skip
    assert ActionItem.objects.count() == 2

    assert api.delete(f"/notes/{note['id']}?confirm=true").status_code == 200
    for model in (Note, ActionItem, NoteAttendee, NoteTag):
        assert not model.objects.exists()
    assert AuditEntry.objects.get(event="note.deleted").changes["tags"]["before"] == [
        "client",
        "kick-off",
    ]


def test_a_dry_run_stores_nothing(api: Api, people) -> None:
    answer = api.post("/notes?dry_run=true", WHOLE)

    assert answer.json()["changed"] is True
    assert not Note.objects.exists()
    assert not AuditEntry.objects.filter(object_resource="notes_items").exists()


@each(
    ("given", "pointer", "code"),
    [
        ({"title": " "}, "#/title", "required"),
        ({"title": None}, "#/title", "invalid"),
        ({"title": "x" * 201}, "#/title", "too_long"),
        ({"content": "x" * 100_001}, "#/content", "too_long"),
        ({"slug": "No Slug"}, "#/slug", "invalid"),
        ({"slug": "newline\n"}, "#/slug", "invalid"),
        ({"slug": ""}, "#/slug", "required"),
        ({"status": "gone"}, "#/status", "invalid_choice"),
        ({"author": "099"}, "#/author", "not_found"),
        ({"author": "1"}, "#/author", "invalid"),
        ({"author": 1}, "#/author", "invalid"),
        ({"attendees": ["001", "099"]}, "#/attendees/1", "not_found"),
        ({"attendees": "001"}, "#/attendees", "invalid"),
        ({"attendee_names": [""]}, "#/attendee_names/0", "required"),
        ({"meeting_date": "20261120"}, "#/meeting_date", "invalid"),
        ({"meeting_date": 20261120}, "#/meeting_date", "invalid"),
        ({"meeting_date": "2026-02-30"}, "#/meeting_date", "invalid"),
        ({"action_items": {}}, "#/action_items", "invalid"),
        ({"action_items": [{"done": True}]}, "#/action_items/0/text", "required"),
        ({"action_items": [{"text": "a"}, {"text": " "}]}, "#/action_items/1/text", "required"),
        ({"action_items": [{"text": "a", "x": 1}]}, "#/action_items/0/x", "unknown_field"),
        ({"action_items": [{"text": "a", "id": "1"}]}, "#/action_items/0/id", "invalid"),
        ({"action_items": [{"text": "a", "done": "yes"}]}, "#/action_items/0/done", "invalid"),
        ({"action_items": [{"text": "a", "assignee": "9"}]},
         "#/action_items/0/assignee", "invalid"),
        ({"action_items": [{"text": "a"}, {"text": "b", "assignee": "050"}]},
         "#/action_items/1/assignee", "not_found"),
        ({"action_items": [{"text": "a", "id": 404}]}, "#/action_items/0/id", "not_found"),
        ({"tags": ["a,b"]}, "#/tags/0", "invalid"),
        ({"tags": ["x" * 51]}, "#/tags/0", "too_long"),
        ({"tags": ["İ" * 50]}, "#/tags", "too_long"),
        ({"meta": []}, "#/meta", "invalid"),
        ({"meta": {"a": "x" * 17_000}}, "#/meta", "too_long"),
        ({"excerpt": "x" * 501}, "#/excerpt", "too_long"),
        ({"id": 5}, "#/id", "read_only"),
        ({"author_name": "Eve"}, "#/author_name", "read_only"),
    ],
)  # fmt: skip
@each("method", ["post", "patch"])
def test_a_wrong_value_is_named_and_nothing_is_stored(
    api: Api, people, method: str, given: dict[str, Any], pointer: str, code: str
) -> None:
    note = api.post("/notes", {"title": "Kept", "slug": "kept"}).json()
    path = f"/notes/{note['id']}" if method == "patch" else "/notes"

    refused = getattr(api, method)(path, {"title": "Good", **given})

    assert refused.status_code == 400
    named = {(error["pointer"], error["code"]) for error in refused.json()["errors"]}
    assert (pointer, code) in named, refused.json()
    assert Note.objects.get().title == "Kept"
    assert not ActionItem.objects.exists()


@pytest.mark.parametrize(
    "note_id", ["0", "-1", "01", "1.0", "x", "9223372036854775808", "９", "1'--", "1%00"]
)
def test_an_impossible_id_is_simply_not_there(api: Api, note_id: str) -> None:
    assert api.get(f"/notes/{note_id}").status_code == 404
    assert api.patch(f"/notes/{note_id}", {"title": "x"}).status_code == 404
    assert api.delete(f"/notes/{note_id}?confirm=true").status_code == 404


def test_an_update_that_lost_the_race_is_refused(api: Api) -> None:
    made = api.post("/notes", {"title": "One"})
    read = api.get(f"/notes/{made.json()['id']}")
    assert made.headers["ETag"] == read.headers["ETag"]
    api.patch(f"/notes/{made.json()['id']}", {"tags": ["meanwhile"]})

    late = api.patch(f"/notes/{made.json()['id']}", {"title": "Two"}, If_Match=read.headers["ETag"])

    assert late.status_code == 412
    assert Note.objects.get().title == "One"


def test_a_retry_does_not_write_a_second_note(api: Api) -> None:
    first = api.post("/notes", {"title": "Once"}, Idempotency_Key="k-1")
    again = api.post("/notes", {"title": "Once"}, Idempotency_Key="k-1")

    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json() == first.json()
    assert Note.objects.count() == 1
