"""Notes in the admin: the same services as over the API."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from notes import queries, services
from notes.models import ActionItem, Note
from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.modules import services as modules
from syteops.team import services as team
from tests.admin_forms import row, untouched
from tests.fixtures import signed_in

LIST = "/admin/notes/note/"


@pytest.fixture
def note(db) -> Note:
    ada = team.create_team_member(SYSTEM, first_name="Ada", last_name="Lovelace")
    return services.create_note(
        SYSTEM,
        title="Kick-off",
        content="# Plan <script>alert(1)</script>",
        author=ada,
        attendees=[ada],
        attendee_names=["Lovelace, Ada (guest)", "Zoe"],
        tags=["b", "a"],
        meta={"a": [1, 2.0]},
        action_items=[{"text": "One", "assignee": ada}, {"text": "Two"}],
    )


def change(note: Note) -> str:
    return f"{LIST}{note.pk}/change/"


def save(page: Client, url: str, **values: Any) -> Any:
    data = {**untouched(page.get(url)), **values}
    answer = page.post(url, data)
    assert answer.status_code == 302, answer.context and answer.context["errors"]
    return answer


@pytest.mark.parametrize("rights", [(), ("view_note",)])
def test_without_the_right_nothing_is_changed(
    bob: User, note: Note, rights: tuple[str, ...]
) -> None:
    bob.user_permissions.set(Permission.objects.filter(codename__in=rights))
    page = signed_in(bob)

    assert page.get(change(note)).status_code == (200 if rights else 403)
    assert page.post(change(note), {"title": "Taken"}).status_code == 403
    for area in ("summary", "action_items"):
        assert page.post(f"{LIST}{note.pk}/suggest/{area}/").status_code == 403
    assert Note.objects.get().title == "Kick-off"


def test_with_the_right_to_change_notes_their_rows_change_too(bob: User, note: Note) -> None:
    bob.user_permissions.set(Permission.objects.filter(codename__in=("view_note", "change_note")))
    page = signed_in(bob)

    save(page, change(note), **{"action_items-0-text": "Changed"})

    assert [item.text for item in note.action_items.all()] == ["Changed", "Two"]


def test_saving_an_untouched_form_changes_nothing(page: Client, note: Note) -> None:
    before = AuditEntry.objects.count()

    save(page, change(note))

    assert AuditEntry.objects.count() == before


def test_saving_an_untouched_form_keeps_the_departed(page: Client, note: Note) -> None:
    assert note.author
    team.delete_team_member(SYSTEM, note.author)
    before = AuditEntry.objects.count()

    save(page, change(note))

    assert AuditEntry.objects.count() == before
    stored = Note.objects.get()
    assert str(stored.author) == "Ada Lovelace"
    assert stored.action_items.all()[0].assignee == note.author


def test_everything_is_saved_in_one_entry(page: Client, note: Note) -> None:
    AuditEntry.objects.all()._raw_delete("default")
    values = {
        "title": "New title",
        "tags": "c, A ,",
        "attendees": [],
        "attendee_names": "Max\nMia",
        "meta": '{"b": true}',
        "action_items-0-DELETE": "on",
        "action_items-TOTAL_FORMS": "3",
        **row("action_items", 2, text="Three", due_date="2026-12-24", position="10000"),
    }

    save(page, change(note), **values)

    stored = Note.objects.get()
    assert stored.title == "New title"
    assert [tag.name for tag in stored.tag_rows.all()] == ["a", "c"]
    assert stored.attendee_names == ["Max", "Mia"]
    assert stored.meta == {"b": True}
    assert [item.text for item in stored.action_items.all()] == ["Two", "Three"]
    assert not stored.attendances.exists()
    entry = AuditEntry.objects.get()
    assert (entry.event, entry.door, entry.actor_label) == ("note.updated", "admin", "alice")


def test_rows_keep_the_order_they_were_dragged_into(page: Client, note: Note) -> None:
    values = {"action_items-0-position": "1", "action_items-1-position": "0"}

    save(page, change(note), **values)

    assert [item.text for item in note.action_items.all()] == ["Two", "One"]


def test_a_note_is_added_with_what_the_module_says(page: Client, db: None) -> None:
    modules.update_config(
        SYSTEM, modules.locked_state("notes"), config={"default_status": "published"}
    )
    values = {
        "title": "Added",
        "action_items-TOTAL_FORMS": "1",
        **row("action_items", 0, text="Do", position="10000"),
    }

    save(page, f"{LIST}add/", **values)

    stored = Note.objects.get()
    assert (stored.slug, stored.status) == ("added", "published")
    assert ActionItem.objects.get().note == stored


def test_what_the_service_refuses_stands_beside_the_field(page: Client, note: Note) -> None:
    data = {**untouched(page.get(change(note))), "tags": "x" * 51, "title": "Lost?"}

    answer = page.post(change(note), data)

    assert answer.status_code == 200
    assert "50 characters" in str(answer.context["adminform"].form.errors["tags"])
    assert Note.objects.get(pk=note.pk).title == "Kick-off"


@pytest.mark.parametrize("meta", ["[]", "5", '{"a": "\\u0000"}', '{"a": "\\ud800"}', "{", "null,"])
def test_meta_that_could_not_be_shown_again_is_refused(page: Client, note: Note, meta: str) -> None:
    data = {**untouched(page.get(change(note))), "meta": meta}

    answer = page.post(change(note), data)

    assert answer.status_code == 200
    assert "meta" in answer.context["adminform"].form.errors
    assert Note.objects.get().meta == {"a": [1, 2.0]}


def test_deleting_goes_through_the_service(page: Client, note: Note) -> None:
    page.post(f"{LIST}{note.pk}/delete/", {"post": "yes"})
    other = services.create_note(SYSTEM, title="Other")
    page.post(LIST, {"action": "delete_selected", "_selected_action": [other.pk], "post": "yes"})

    assert not Note.objects.exists()
    assert AuditEntry.objects.filter(event="note.deleted", actor_label="alice").count() == 2


def test_the_preview_runs_no_script(page: Client, note: Note) -> None:
    shown = page.get(change(note)).content.decode()

    assert "<h1>Plan &lt;script&gt;alert(1)&lt;/script&gt;</h1>" in shown
    assert "<script>alert(1)" not in shown


def test_lists_are_searched_and_filtered(page: Client, note: Note) -> None:
    services.create_note(SYSTEM, title="Zebra", tags=["z"])

    assert "Kick-off" in page.get(f"{LIST}?q=plan").content.decode()
    filtered = page.get(f"{LIST}?tag=a").content.decode()
    assert "Kick-off" in filtered
    assert "Zebra" not in filtered
    assert page.get(f"{LIST}?meeting_date__year=2026").status_code == 200


def test_of_very_many_tags_one_is_typed(
    page: Client, note: Note, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key that writes notes made the list 28 MB long for everybody, with 75,000 tags."""
    services.create_note(SYSTEM, title="Zebra", tags=["Straße", "y", "z"])
    assert '<option value="strasse">straße</option>' in page.get(LIST).content.decode()
    monkeypatch.setattr("notes.queries.MOST_LISTED", 2)

    assert "strasse" not in page.get(LIST).content.decode()
    filtered = page.get(f"{LIST}?tag=STRASSE").content.decode()
    assert 'name="tag" value="STRASSE"' in filtered
    assert ("Zebra" in filtered, "Kick-off" in filtered) == (True, False)


def test_very_many_action_items_are_counted_without_their_notes() -> None:
    """Which are long, and come before what says whether they are archived."""
    asked = str(queries.agenda().order_by().values("pk").query)
    assert ("JOIN" in asked, "archived" in asked) == (False, True)


def test_the_admin_list_costs_the_same_however_long_it_is(
    page: Client, note: Note, django_assert_max_num_queries
) -> None:
    for number in range(15):
        services.create_note(SYSTEM, title=f"Note {number}", author=note.author, tags=["a"])
    with django_assert_max_num_queries(20):
        page.get(LIST)


def test_an_inactive_module_has_no_pages(page: Client, note: Note) -> None:
    modules.deactivate(SYSTEM, modules.locked_state("notes"))

    for url in (LIST, change(note), f"{LIST}add/", f"{LIST}{note.pk}/suggest/summary/"):
        assert page.get(url).status_code == 404, url
    assert 'href="/admin/notes/' not in page.get("/admin/").content.decode()

    modules.activate(SYSTEM, modules.locked_state("notes"))
    assert page.get(change(note)).status_code == 200
