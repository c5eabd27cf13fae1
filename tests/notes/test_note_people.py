"""Team members in notes: by number while they are there, by name once they are gone."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from notes import queries, services
from notes.models import ActionItem, Note, NoteAttendee
from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.team import services as team
from syteops.team.models import TeamMember
from tests.fixtures import Api


@pytest.fixture
def ada(db) -> TeamMember:
    return team.create_team_member(SYSTEM, first_name="Ada", last_name="Lovelace")


@pytest.fixture
def note(api: Api, ada: TeamMember) -> dict[str, Any]:
    shown: dict[str, Any] = api.post(
        "/notes",
        {
            "title": "With Ada",
            "author": "001",
            "attendees": ["001"],
            "attendee_names": ["Zoe"],
            "action_items": [{"text": "Call", "assignee": "001"}],
        },
    ).json()
    return shown


@pytest.fixture
def departed(api: Api, note: dict[str, Any]) -> dict[str, Any]:
    """The note, after Ada has left and Bob has her number."""
    api.delete("/team-members/001?confirm=true")
    team.create_team_member(SYSTEM, first_name="Bob", last_name="Builder")
    shown: dict[str, Any] = api.get(f"/notes/{note['id']}").json()
    return shown


def test_who_takes_over_a_number_takes_over_no_note(departed: dict[str, Any]) -> None:
    assert departed["author"] is None
    assert departed["author_name"] == "Ada Lovelace"
    assert departed["attendees"] == []
    assert departed["attendee_names"] == ["Zoe", "Ada Lovelace"]
    assert departed["action_items"][0]["assignee"] is None


def test_sent_back_as_read_the_departed_stay_and_return_when_restored(
    api: Api, ada: TeamMember, departed: dict[str, Any]
) -> None:
    names = ("attendees", "attendee_names", "action_items")
    sent = {name: departed[name] for name in names}

    answer = api.patch(f"/notes/{departed['id']}", sent)

    assert answer.headers["SyteOps-Changed"] == "false"
    api.post("/team-members/restore", {"id": ada.pk})
    restored = api.get(f"/notes/{departed['id']}").json()
    assert restored["author"] == "002"
    assert restored["attendees"] == ["002"]
    assert restored["attendee_names"] == ["Zoe"]
    assert restored["action_items"][0]["assignee"] == "002"


def test_a_change_of_one_list_leaves_the_departed_in_peace(
    api: Api, departed: dict[str, Any]
) -> None:
    shown = api.patch(f"/notes/{departed['id']}", {"attendees": ["001"]}).json()

    assert shown["attendees"] == ["001"]
    assert shown["attendee_names"] == ["Zoe", "Ada Lovelace"]
    done = [{**departed["action_items"][0], "done": True}]
    api.patch(f"/notes/{departed['id']}", {"action_items": done})
    assert NoteAttendee.objects.filter(member__number=None).exists()


def test_a_departed_attendee_goes_with_the_name(api: Api, departed: dict[str, Any]) -> None:
    shown = api.patch(f"/notes/{departed['id']}", {"attendee_names": ["Zoe"]}).json()

    assert shown["attendee_names"] == ["Zoe"]
    assert not NoteAttendee.objects.exists()


def test_the_author_can_be_cleared_and_replaced(api: Api, departed: dict[str, Any]) -> None:
    assert api.patch(f"/notes/{departed['id']}", {"author": "001"}).json()["author"] == "001"
    cleared = api.patch(f"/notes/{departed['id']}", {"author": None}).json()
    assert (cleared["author"], cleared["author_name"]) == (None, None)


def test_everybody_attends_once(api: Api, note: dict[str, Any]) -> None:
    sent = {"attendees": ["001", "001"], "attendee_names": [" Zoe ", "Zoe"]}

    shown = api.patch(f"/notes/{note['id']}", sent).json()

    assert shown["attendees"] == ["001"]
    assert shown["attendee_names"] == ["Zoe"]


def test_of_those_whom_a_note_names_no_more_is_read_than_their_names(
    api: Api, note: dict[str, Any]
) -> None:
    with CaptureQueriesContext(connection) as seen:
        shown = api.get(f"/notes/{note['id']}").json()
    rows = ("notes_noteattendee", "notes_actionitem")
    read = [one["sql"] for one in seen if any(f'FROM "{name}"' in one["sql"] for name in rows)]
    assert len(read) == 2
    assert [sql for sql in read if "biography" in sql or '"searched"' in sql] == []
    assert [sql for sql in read if '"team_teammember"."first_name"' not in sql] == []
    assert not [one for one in seen if one["sql"].startswith('SELECT "team_teammember"')]
    assert (shown["attendees"], shown["action_items"][0]["assignee"]) == (["001"], "001")


def test_a_note_of_whom_somebody_is_erased_tells_how_often_it_named_him(
    api: Api, ada: TeamMember, note: dict[str, Any]
) -> None:
    other = team.create_team_member(SYSTEM, first_name="Other")
    stored = queries.get_note(str(note["id"]))
    items = [
        {"text": "Call", "assignee": ada},
        {"text": "Ask", "assignee": ada},
        {"text": "Nobody"},
    ]
    services.update_note(SYSTEM, stored, author=other, attendees=[ada, other], action_items=items)
    last = stored.updated_at

    team.erase_team_member(SYSTEM, ada)

    entry = AuditEntry.objects.get(event="note.member_erased")
    once, twice = {"before": 1, "after": 0}, {"before": 2, "after": 0}
    assert entry.changes == {"as_attendee": once, "as_assignee": twice}
    assert entry.object_label == stored.title
    stored = queries.get_note(str(note["id"]))
    assert (stored.author, stored.updated_at > last) == (other, True)
    assert [one.member for one in stored.attendances.all()] == [other]
    assert [one.assignee for one in stored.action_items.all()] == [None, None, None]
    assert api.post(f"/audit/{entry.pk}/revert?confirm=true").json()["code"] == "protected"
    made = AuditEntry.objects.get(event="note.created")
    assert api.post(f"/audit/{made.pk}/revert?confirm=true").json()["code"] == "conflict"


def test_what_a_member_who_is_erased_has_in_notes_costs_what_names_him(ada: TeamMember) -> None:
    """Once each entry repeated all of a note's lists: two hundred items, twice."""
    others = TeamMember.objects.bulk_create(TeamMember(number=n) for n in range(100, 200))
    made = Note.objects.bulk_create(Note(title="A", slug=f"a-{n}", author=ada) for n in range(20))
    NoteAttendee.objects.bulk_create(
        NoteAttendee(note=note, member=one) for note in made for one in (ada, *others)
    )
    ActionItem.objects.bulk_create(
        ActionItem(note=note, text="x" * 500, assignee=ada) for note in made for _ in range(5)
    )

    team.erase_team_member(SYSTEM, ada)

    entries = AuditEntry.objects.filter(event="note.member_erased")
    assert entries.count() == 20
    assert max(len(str(one.changes)) for one in entries) < 200


def test_a_kept_answer_names_no_more_who_was_erased_and_had_something_to_do(
    api: Api, ada: TeamMember, note: dict[str, Any]
) -> None:
    path = f"/action-items/{note['action_items'][0]['id']}/done"
    done = api.post(path, Idempotency_Key="done").json()
    assert (done["assignee"], done["assignee_name"]) == ("001", "Ada Lovelace")

    team.erase_team_member(SYSTEM, ada)

    again = api.post(path, Idempotency_Key="done")
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json() == {**done, "assignee_name": None}
