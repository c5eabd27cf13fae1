"""Changes of notes are undone through their services: all of a note, and nobody else's."""

from collections.abc import Callable
from typing import Any

import pytest

from notes import services
from notes.models import ActionItem, Note
from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.modules import services as modules
from syteops.team import services as team
from syteops.team.models import TeamMember
from tests.fixtures import Api
from tests.undoing import back_and_forth, latest, over_rest, refused, revert

WHOLE = {
    "title": "Kick-off",
    "content": "We **start** on Monday.",
    "status": "published",
    "author": "001",
    "attendees": ["002", "001"],
    "attendee_names": ["Zoe Guest"],
    "meeting_date": "2026-11-20",
    "follow_up_date": "2026-12-04",
    "action_items": [
        {"text": "Write the brief", "assignee": "002", "due_date": "2026-12-01", "done": False},
        {"text": "Book a room", "assignee": None, "due_date": None, "done": True},
    ],
    "tags": ["client", "kick-off"],
    "meta": {"source": {"calendar": 17}, "seen": [1, 2.5, None]},
}
OTHER = {
    "title": "Review",
    "content": "We *ended*.",
    "excerpt": "The end.",
    "slug": "the-review",
    "status": "archived",
    "author": "002",
    "attendees": [],
    "attendee_names": ["Max", "Zoe Guest"],
    "meeting_date": None,
    "follow_up_date": None,
    "action_items": [{"text": "Send the bill", "done": False}],
    "tags": [],
    "meta": {"b": True},
}


@pytest.fixture
def people(db: None) -> list[TeamMember]:
    return [team.create_team_member(SYSTEM, first_name=name) for name in ("Ada", "Bob")]


@pytest.fixture
def note(api: Api, people: list[TeamMember]) -> str:
    return f"/notes/{api.post('/notes', WHOLE).json()['id']}"


def shower(api: Api, path: str, ids: bool = False) -> Callable[[], Any]:
    """Shows the note as the API does, without what changes with every write."""

    def show() -> Any:
        shown = api.get(path).json()
        shown.pop("updated_at", None)
        shown.pop("request_id", None)
        if not ids:
            shown["action_items"] = [{**i, "id": 0} for i in shown.get("action_items", [])]
        return shown

    return show


def test_every_field_is_put_back(api: Api, note: str) -> None:
    show = shower(api, note)
    back_and_forth("note.updated", lambda: api.patch(note, OTHER), show, over_rest(api))


@pytest.mark.parametrize("name", list(OTHER))
def test_each_field_alone_is_put_back(api: Api, note: str, name: str) -> None:
    change = {name: OTHER[name]}
    back_and_forth(
        "note.updated", lambda: api.patch(note, change), shower(api, note), over_rest(api)
    )


def test_a_creation_is_undone_by_deleting_and_comes_back_as_the_same_note(
    api: Api, note: str
) -> None:
    show = shower(api, note)
    whole = show()

    assert revert(api, latest("note.created")).status_code == 200
    assert api.get(note).status_code == 404
    assert ActionItem.objects.count() == 0
    assert revert(api, latest("note.deleted")).status_code == 200
    assert show() == whole
    assert revert(api, latest("note.restored")).status_code == 200
    assert api.get(note).status_code == 404


def test_a_deleted_note_has_its_id_its_slug_and_its_history_back(api: Api, note: str) -> None:
    show = shower(api, note)

    back_and_forth("note.deleted", lambda: api.delete(f"{note}?confirm=true"), show, over_rest(api))

    pk = note.rpartition("/")[2]
    history = AuditEntry.objects.filter(object_resource="notes_items", object_pk=pk)
    events = [one.event.partition(".")[2] for one in history.order_by("id")]
    assert events == ["created", "deleted", "restored", "deleted", "restored"]


def test_a_new_note_never_takes_the_place_of_a_deleted_one(api: Api, note: str) -> None:
    api.delete(f"{note}?confirm=true")
    other = api.post("/notes", {"title": "Another"}).json()

    assert revert(api, latest("note.deleted")).status_code == 200

    assert api.get(note).json()["title"] == "Kick-off"
    assert api.get(f"/notes/{other['id']}").json()["title"] == "Another"


def test_a_slug_that_is_taken_by_now_stands_in_the_way(api: Api, note: str) -> None:
    deletion_of = latest
    api.delete(f"{note}?confirm=true")
    api.post("/notes", {"title": "Kick-off"})

    problem = refused(api, deletion_of("note.deleted"), Note.objects.count)

    assert problem["fields"] == ["slug"]


def test_a_later_change_of_the_same_field_stands_in_the_way(api: Api, note: str) -> None:
    for name, values in {
        "title": ("B", "C"),
        "tags": (["b"], ["c"]),
        "action_items": ([{"text": "B"}], [{"text": "C"}]),
        "attendees": (["001"], ["002"]),
        "author": ("002", None),
    }.items():
        api.patch(note, {name: values[0]})
        entry = latest("note.updated")
        api.patch(note, {name: values[1]})

        assert refused(api, entry, shower(api, note))["fields"] == [name]


def test_a_later_change_of_another_field_stays(api: Api, note: str) -> None:
    api.patch(note, {"title": "B", "tags": ["b"]})
    entry = latest("note.updated")
    api.patch(note, {"status": "draft", "action_items": []})

    assert revert(api, entry).status_code == 200

    shown = api.get(note).json()
    assert (shown["title"], shown["tags"]) == ("Kick-off", ["client", "kick-off"])
    assert (shown["status"], shown["action_items"]) == ("draft", [])


def test_in_meta_each_key_counts_by_itself(api: Api, note: str) -> None:
    api.patch(note, {"meta": {"a": 1, "b": 1}})
    api.patch(note, {"meta": {"a": 2, "b": 1}})
    second = latest("note.updated")
    api.patch(note, {"meta": {"a": 2, "b": 1, "c": 1}})
    assert revert(api, second).status_code == 200
    assert api.get(note).json()["meta"] == {"a": 1, "b": 1, "c": 1}

    api.patch(note, {"meta": {"a": 3, "b": 1, "c": 1}})
    assert refused(api, second, shower(api, note))["fields"] == ["meta"]


def test_action_items_keep_their_ids(api: Api, note: str) -> None:
    first, second = api.get(note).json()["action_items"]
    done = [{**first, "done": True}, {**second, "text": "Book two rooms"}]

    back_and_forth(
        "note.updated",
        lambda: api.patch(note, {"action_items": done}),
        shower(api, note, ids=True),
        over_rest(api),
    )


def test_what_is_done_again_is_the_same_item_and_what_comes_back_is_in_its_place(
    api: Api, note: str
) -> None:
    first, second = api.get(note).json()["action_items"]
    api.patch(note, {"action_items": [second]})

    assert revert(api, latest("note.updated")).status_code == 200

    items = api.get(note).json()["action_items"]
    assert [item["text"] for item in items] == [first["text"], second["text"]]
    assert items[1]["id"] == second["id"]


# --- Numbers of team members go to others ------------------------------------------------------


def test_a_note_gets_its_author_back_and_not_whoever_has_the_number_now(
    api: Api, note: str, people: list[TeamMember]
) -> None:
    ada = people[0]
    change: dict[str, Any] = {"author": None, "attendees": [], "action_items": []}
    api.patch(note, change)
    entry = latest("note.updated")
    api.delete("/team-members/001?confirm=true")
    api.post("/team-members", {"first_name": "Eve"})  # 001 now

    assert revert(api, entry).status_code == 200

    stored = Note.objects.get()
    assert stored.author == ada
    assert [one.member.first_name for one in stored.attendances.all()] == ["Bob", "Ada"]
    shown = api.get(note).json()
    assert (shown["author"], shown["author_name"]) == (None, "Ada")

    api.post("/team-members/restore", {"id": ada.pk})
    assert api.get(note).json()["author"] == "003"


def test_a_change_is_undone_although_a_member_it_names_has_another_number_now(
    api: Api, note: str, people: list[TeamMember]
) -> None:
    api.patch(note, {"author": "002"})
    entry = latest("note.updated")
    api.delete("/team-members/002?confirm=true")
    api.post("/team-members", {"first_name": "Eve"})  # 002 now
    api.post("/team-members/restore", {"id": people[1].pk})  # 003 now

    assert revert(api, entry).status_code == 200

    assert Note.objects.get().author == people[0]


def test_another_member_under_the_same_number_counts_as_a_later_change(
    api: Api, note: str, people: list[TeamMember]
) -> None:
    api.patch(note, {"author": "002"})
    entry = latest("note.updated")
    api.delete("/team-members/002?confirm=true")
    api.post("/team-members", {"first_name": "Eve"})  # 002 now
    api.patch(note, {"author": "002"})

    assert refused(api, entry, shower(api, note))["fields"] == ["author"]


def test_a_deleted_note_comes_back_with_a_member_who_was_gone_before_it(
    api: Api, note: str, people: list[TeamMember]
) -> None:
    api.delete("/team-members/001?confirm=true")
    show = shower(api, note)
    before = show()
    api.delete(f"{note}?confirm=true")
    api.post("/team-members", {"first_name": "Eve"})  # 001 now

    assert revert(api, latest("note.deleted")).status_code == 200

    assert show() == before
    assert Note.objects.get().author == people[0]


# --- Rights ------------------------------------------------------------------------------------


def test_nothing_of_an_inactive_module_is_undone(api: Api, note: str) -> None:
    api.patch(note, {"title": "B"})
    entry = latest("note.updated")
    modules.deactivate(SYSTEM, modules.locked_state("notes"))

    for query in ("?confirm=true", "", "?dry_run=true"):
        answer = revert(api, entry, query)
        assert (answer.status_code, answer.json()["code"]) == (404, "module_inactive")
    assert Note.objects.get().title == "B"


def test_it_takes_the_scope_of_what_it_amounts_to(
    api: Api, note: str, make_key: Callable[..., str]
) -> None:
    created = latest("note.created")
    api.patch(note, {"title": "B"})
    updated = latest("note.updated")
    writer = Api(make_key("audit:write", "notes_items:read", "notes_items:write"))
    deleter = Api(make_key("audit:write", "notes_items:read", "notes_items:delete"))

    for caller, entry, scope in (
        (writer, created, "notes_items:delete"),
        (deleter, updated, "notes_items:write"),
    ):
        for query in ("?confirm=true", "", "?dry_run=true"):
            answer = revert(caller, entry, query)
            assert (answer.status_code, answer.json()["scope"]) == (403, scope)
            assert "Kick-off" not in answer.content.decode()
    assert Note.objects.get().title == "B"
    assert revert(writer, updated).status_code == 200
    assert revert(deleter, created).status_code == 200
    assert revert(writer, latest("note.deleted")).status_code == 200


def test_services_undo_exactly_what_was_there_whatever_the_config_says_now(
    api: Api, note: str
) -> None:
    """The excerpt was derived under another length; it comes back as it was, still derived."""
    services.update_note(SYSTEM, Note.objects.get(), content="word " * 60)
    show = shower(api, note)
    before = show()
    services.update_note(SYSTEM, Note.objects.get(), content="Short.")
    entry = latest("note.updated")
    state = modules.locked_state("notes")
    modules.update_config(SYSTEM, state, config={"excerpt_length": 40})

    assert revert(api, entry).status_code == 200

    assert show() == before
    assert Note.objects.get().excerpt_derived
