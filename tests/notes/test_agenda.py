"""What is to be done, over all notes: in the admin and over the API."""

import errno
from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from notes import queries, services
from notes.hourly import remind
from notes.models import ActionItem, Note
from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM, Actor
from syteops.dashboard.tasks import failing_tasks
from syteops.modules import services as modules
from syteops.server import housekeeping
from syteops.team import services as team
from syteops.team.models import TeamMember
from tests.fixtures import Api, signed_in
from tests.undoing import latest, revert

AGENDA = "/admin/notes/note/agenda/"

pytestmark = pytest.mark.django_db


def in_days(days: int) -> date:
    return timezone.localdate() + timedelta(days)


@pytest.fixture
def ada() -> TeamMember:
    return team.create_team_member(SYSTEM, first_name="Ada")


@pytest.fixture
def note(ada: TeamMember) -> Note:
    items = [
        {"text": "Some day"},
        {"text": "Tomorrow", "due_date": in_days(1)},
        {"text": "Late", "due_date": in_days(-2), "assignee": ada},
        {"text": "Today", "due_date": in_days(0)},
        {"text": "Gone", "done": True, "assignee": ada},
    ]
    archived = [{"text": "Archived", "due_date": in_days(-9)}]
    services.create_note(SYSTEM, title="Old", status="archived", action_items=archived)
    return services.create_note(SYSTEM, title="Kick-off", action_items=items)


def item(text: str) -> ActionItem:
    return ActionItem.objects.get(text=text)


def listed(api: Api, query: str = "") -> list[str]:
    answer = api.get(f"/action-items?{query}")
    assert answer.status_code == 200, answer.json()
    return [one["text"] for one in answer.json()["items"]]


# --- Over the API ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("done=false", ["Late", "Today", "Tomorrow", "Some day"]),
        ("done=false&ordering=-due_date", ["Tomorrow", "Today", "Late", "Some day"]),
        ("done=true", ["Gone"]),
        ("assignee=001", ["Late", "Gone"]),
        ("assignee=001&done=false", ["Late"]),
        ("assignee=002", []),
        ("search=TOMO", ["Tomorrow"]),
        ("per_page=1&page=2&done=false", ["Today"]),
    ],
)
def test_what_is_to_do_is_listed(api: Api, note: Note, query: str, found: list[str]) -> None:
    assert listed(api, query) == found


def test_what_is_due_before_a_day(api: Api, note: Note) -> None:
    assert listed(api, f"due_before={in_days(0)}") == ["Late"]
    assert listed(api, f"due_before={in_days(1)}") == ["Late", "Today"]


def test_an_item_tells_whose_it_is(api: Api, note: Note) -> None:
    assert api.get(f"/action-items/{item('Late').pk}").json() == {
        "id": item("Late").pk,
        "text": "Late",
        "assignee": "001",
        "assignee_name": "Ada",
        "due_date": in_days(-2).isoformat(),
        "overdue": True,
        "done": False,
        "note": note.pk,
        "note_title": "Kick-off",
    }


def test_an_item_is_ticked_off_in_its_note_and_that_is_undone(api: Api, note: Note) -> None:
    done = api.post(f"/action-items/{item('Late').pk}/done", {})

    assert done.status_code == 200
    assert (done.json()["done"], done.json()["overdue"]) == (True, False)
    assert item("Late").done
    entry = latest("note.updated")
    assert entry.object_id == str(note.pk)
    assert set(entry.changes) == {"action_items"}
    assert entry.operation == "notes_items.complete_action"
    assert listed(api, "done=false") == ["Today", "Tomorrow", "Some day"]

    assert revert(api, entry).status_code == 200
    assert not item("Late").done
    assert [one.text for one in note.action_items.all()][2] == "Late"


def test_ticked_off_twice_changes_nothing_the_second_time(api: Api, note: Note) -> None:
    params = {"id": str(item("Late").pk)}
    assert api.dispatch("notes_items.complete_action", params).json()["changed"] is True
    again = api.dispatch("notes_items.complete_action", params).json()
    assert (again["changed"], again["data"]["done"]) == (False, True)


def test_an_item_is_guarded_by_its_own_etag(api: Api, note: Note) -> None:
    address = f"/action-items/{item('Late').pk}"
    seen = api.get(address).headers["ETag"]
    services.update_note(SYSTEM, note, title="Renamed")

    stale = api.post(f"{address}/done", {}, If_Match=seen)
    assert (stale.status_code, item("Late").done) == (412, False)
    current = api.get(address).headers["ETag"]
    assert api.post(f"{address}/done", {}, If_Match=current).status_code == 200
    assert item("Late").done


def test_a_list_of_any_length_takes_as_many_queries(api: Api, note: Note) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            listed(api, "done=false")
        return len(seen)

    queries()
    count = queries()
    more = [{"text": f"More {n}", "due_date": in_days(n)} for n in range(30)]
    services.create_note(SYSTEM, title="More", action_items=more)
    assert queries() == count


# --- In the admin ------------------------------------------------------------------------------


def shown(page: Client, query: str = "") -> list[str]:
    answer = page.get(f"{AGENDA}?{query}")
    assert answer.status_code == 200
    return [one.text for one in answer.context["page"]]


def test_the_agenda_shows_what_is_overdue_first(page: Client, note: Note) -> None:
    assert shown(page) == ["Late", "Today", "Tomorrow", "Some day"]
    assert shown(page, "assignee=001") == ["Late"]
    assert shown(page, "assignee=001&show=done") == ["Gone"]
    assert shown(page, "assignee=999&show=x") == ["Late", "Today", "Tomorrow", "Some day"]
    assert page.get(AGENDA).content.decode().count("Overdue") == 1


def test_one_click_ticks_off_and_leads_back_to_what_was_shown(page: Client, note: Note) -> None:
    late = item("Late").pk

    answer: Any = page.post(f"{AGENDA}{late}/?assignee=001&page=1")

    assert (answer.status_code, answer.url) == (302, f"{AGENDA}?assignee=001&page=1")
    assert item("Late").done
    assert latest("note.updated").door == "admin"
    page.post(f"{AGENDA}{late}/?show=done", {"reopen": ""})
    assert not item("Late").done


def test_a_link_ticks_nothing_off(page: Client, note: Note) -> None:
    page.get(f"{AGENDA}{item('Late').pk}/")
    assert not item("Late").done


def test_an_item_that_is_gone_is_said_to_be(page: Client, note: Note) -> None:
    answer = page.post(f"{AGENDA}999999/", follow=True)
    assert "There is no action item 999999." in answer.content.decode()
    assert page.post(f"{AGENDA}{10**40}/", follow=True).status_code == 200


@pytest.mark.parametrize(
    ("rights", "sees", "ticks"),
    [((), 403, 403), (("view_note",), 200, 403), (("change_note",), 200, 302)],
)
def test_the_agenda_takes_the_rights_of_notes(
    bob: User, note: Note, rights: tuple[str, ...], sees: int, ticks: int
) -> None:
    bob.user_permissions.set(Permission.objects.filter(codename__in=rights))
    page = signed_in(bob)

    assert page.get(AGENDA).status_code == sees
    assert page.post(f"{AGENDA}{item('Late').pk}/").status_code == ticks
    assert item("Late").done == (ticks == 302)
    assert (b"so-tick" in page.get(AGENDA).content) == (ticks == 302)


def test_the_agenda_goes_with_the_module(page: Client, note: Note) -> None:
    assert AGENDA in page.get("/admin/").content.decode()
    modules.deactivate(SYSTEM, modules.locked_state("notes"))
    assert page.get(AGENDA).status_code == 404
    assert AGENDA not in page.get("/admin/").content.decode()


def test_an_agenda_of_any_length_takes_as_many_queries(page: Client, note: Note) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            shown(page)
        return len(seen)

    queries()
    count = queries()
    more = [{"text": f"More {n}", "due_date": in_days(n)} for n in range(70)]
    services.create_note(SYSTEM, title="More", action_items=more)
    assert queries() == count
    assert len(shown(page, "page=2")) == 24


# --- Reminders ---------------------------------------------------------------------------------


def told() -> list[Any]:
    entries = AuditEntry.objects.filter(event="note.action_item_due").order_by("pk")
    return [entry.changes["text"]["after"] for entry in entries]


def test_what_falls_due_is_told_once(note: Note) -> None:
    housekeeping.run()
    assert told() == ["Late", "Today"]
    entry = latest("note.action_item_due")
    assert (entry.object_id, entry.door) == (str(note.pk), "system")
    assert entry.changes["action_item"]["after"] == item("Today").pk
    assert entry.changes["due_date"]["after"] == in_days(0).isoformat()

    housekeeping.run()
    assert told() == ["Late", "Today"]


def test_another_due_date_is_told_anew(note: Note) -> None:
    housekeeping.run()
    rows: list[dict[str, Any]] = [{"id": one.pk} for one in note.action_items.all()]
    rows[2]["due_date"] = in_days(-1)
    services.update_note(SYSTEM, Note.objects.get(pk=note.pk), action_items=rows)
    housekeeping.run()
    assert told() == ["Late", "Today", "Late"]


def test_one_that_cannot_be_told_of_keeps_back_no_other(
    note: Note, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    late, tell = item("Late"), services.remind_of

    def fail_for_the_first(actor: Actor, item: ActionItem) -> None:
        tell(actor, item)
        if item == late:
            raise ValueError("broken")

    with monkeypatch.context() as patch:
        patch.setattr(services, "remind_of", fail_for_the_first)
        housekeeping.run()
    assert told() == ["Today"]
    assert f"Action item {late.pk} could not be told of." in caplog.text
    assert [one.name for one in failing_tasks()] == ["remind_of_action_items"]

    housekeeping.run()
    assert told() == ["Today", "Late"]
    assert failing_tasks() == []


def test_an_outage_ends_the_telling(note: Note, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def fail(actor: Actor, item: ActionItem) -> None:
        asked.append(item)
        raise OSError(errno.ENOSPC, "No space left")

    monkeypatch.setattr(services, "remind_of", fail)
    with pytest.raises(OSError, match="No space"):
        remind(SYSTEM)
    assert asked == [item("Late")]


def test_to_be_told_of_changes_no_note(note: Note) -> None:
    before = Note.objects.values().get(pk=note.pk)
    housekeeping.run()
    assert Note.objects.values().get(pk=note.pk) == before


def test_nothing_is_told_while_the_module_is_off(note: Note) -> None:
    modules.deactivate(SYSTEM, modules.locked_state("notes"))
    housekeeping.run()
    assert told() == []


def test_what_is_found_to_be_overdue_is_what_shows_it() -> None:
    today = timezone.localdate()
    dates = [None, *(today + timedelta(days=one) for one in (-1, 0, 1))]
    items = [
        {"text": "x", "due_date": due, "done": done} for due in dates for done in (True, False)
    ]
    services.create_note(SYSTEM, title="Minutes", action_items=items)

    shown = {one for one in ActionItem.objects.all() if one.is_overdue}
    assert len(shown) == 1
    assert set(queries.overdue(queries.agenda())) == shown
    assert queries.open_items()["overdue"] == len(shown)
