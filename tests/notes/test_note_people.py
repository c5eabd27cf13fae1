"""Team members in notes: by number while they are there, by name once they are gone."""

from datetime import date
from typing import Any

import pytest

from notes import queries, services
from notes.models import NoteAttendee
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


def test_what_is_read_of_all_notes_of_a_member_is_what_the_trail_shows(
    ada: TeamMember, note: dict[str, Any]
) -> None:
    """As plain rows: of the 300,000 items beside those of one person objects took a minute."""
    gone = team.create_team_member(SYSTEM, first_name="Gone")
    stored = queries.get_note(str(note["id"]))
    items = [
        {"text": "Call", "assignee": ada, "due_date": date(2026, 3, 1), "done": True},
        {"text": "Nobody"},
        {"text": "Gone", "assignee": gone},
    ]
    services.update_note(SYSTEM, stored, attendees=[ada, gone], action_items=items)
    team.delete_team_member(SYSTEM, gone)

    stored = queries.get_note(str(note["id"]))
    shown = services.belongings_of(stored)
    to_do = queries.items_beside(ada)[stored.pk]
    assert [item for _, item in to_do] == shown["action_items"]
    assert [pk for pk, _ in to_do] == [ada.pk, None, gone.pk]
    there = queries.attendees_beside(ada)[stored.pk]
    assert [public_id for _, public_id in there] == shown["attendees"]
    assert [pk for pk, _ in there] == [ada.pk, gone.pk]


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
