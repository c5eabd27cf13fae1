"""Action items are one list: what is sent replaces what is there."""

from typing import Any

import pytest

from notes import services
from notes.models import ActionItem, Note
from syteops.audit import rows
from syteops.audit.snapshots import snapshot
from syteops.core.actors import SYSTEM
from tests.fixtures import Api


@pytest.fixture
def note(api: Api) -> dict[str, Any]:
    items = [{"text": "One", "due_date": "2026-12-01"}, {"text": "Two"}, {"text": "Three"}]
    shown: dict[str, Any] = api.post("/notes", {"title": "List", "action_items": items}).json()
    return shown


def texts(api: Api, note: dict[str, Any]) -> list[str]:
    items = api.get(f"/notes/{note['id']}").json()["action_items"]
    return [item["text"] for item in items]


def test_an_item_of_another_note_cannot_be_taken(api: Api, note: dict[str, Any]) -> None:
    other = api.post("/notes", {"title": "Other", "action_items": [{"text": "Mine"}]}).json()
    stolen = {"id": other["action_items"][0]["id"], "text": "Stolen"}

    refused = api.patch(f"/notes/{note['id']}", {"action_items": [stolen]})

    assert refused.status_code == 400
    assert refused.json()["errors"][0]["pointer"] == "#/action_items/0/id"
    assert refused.json()["errors"][0]["code"] == "not_found"
    assert texts(api, other) == ["Mine"]
    assert texts(api, note) == ["One", "Two", "Three"]


def test_an_item_without_its_text_is_refused_on_change_as_it_is_on_creation(
    api: Api, note: dict[str, Any]
) -> None:
    items = [{"text": "One"}, {"done": True}, {"id": note["action_items"][0]["id"]}]

    changed = api.patch(f"/notes/{note['id']}", {"action_items": items})
    created = api.post("/notes", {"title": "Other", "action_items": items})

    for refused in (changed, created):
        assert refused.status_code == 400
        assert [(one["pointer"], one["code"]) for one in refused.json()["errors"]] == [
            ("#/action_items/1/text", "required"),
            ("#/action_items/2/text", "required"),
        ]
    assert texts(api, note) == ["One", "Two", "Three"]
    assert Note.objects.count() == 1


def test_an_item_cannot_be_sent_twice(api: Api, note: dict[str, Any]) -> None:
    one = note["action_items"][0]

    refused = api.patch(f"/notes/{note['id']}", {"action_items": [one, one]})

    assert refused.json()["errors"][0]["pointer"] == "#/action_items/1/id"
    assert texts(api, note) == ["One", "Two", "Three"]


def test_known_items_change_new_ones_come_and_the_rest_goes(api: Api, note: dict[str, Any]) -> None:
    one, _, three = note["action_items"]
    sent = [{**three, "done": True}, {"text": "Four"}, {"id": one["id"], "text": "One more"}]

    shown = api.patch(f"/notes/{note['id']}", {"action_items": sent}).json()["action_items"]

    assert [item["text"] for item in shown] == ["Three", "Four", "One more"]
    assert shown[0] == {**three, "done": True}
    assert shown[2] == {**one, "text": "One more"}, "what is left out is kept"
    assert ActionItem.objects.count() == 3


def test_order_alone_is_a_change(api: Api, note: dict[str, Any]) -> None:
    sent = list(reversed(note["action_items"]))

    answer = api.patch(f"/notes/{note['id']}", {"action_items": sent})

    assert answer.headers["SyteOps-Changed"] == "true"
    assert texts(api, note) == ["Three", "Two", "One"]


def test_an_empty_list_removes_all_and_no_list_none(api: Api, note: dict[str, Any]) -> None:
    api.patch(f"/notes/{note['id']}", {"title": "Still there"})
    assert len(texts(api, note)) == 3

    assert api.patch(f"/notes/{note['id']}", {"action_items": []}).json()["action_items"] == []
    again = api.patch(f"/notes/{note['id']}", {"action_items": []})
    assert again.headers["SyteOps-Changed"] == "false"


def test_each_row_of_a_list_that_replaces_another_is_looked_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each with each, 200 for 200 took a third of a second, and as often as one may write."""
    looked: list[Any] = []

    def describe(row: ActionItem, only: Any) -> dict[str, Any]:
        looked.append(row)
        return snapshot(row, only)

    monkeypatch.setattr(rows, "snapshot", describe)
    stored = [ActionItem(pk=n, text=f"{n % 20}") for n in range(40)]

    plan = rows.plan_rows(ActionItem, stored, [{"text": f"{n}"} for n in range(15, 55)], "items")

    assert len(looked) == 3 * 40
    assert [row.pk for row in plan.rows] == [15, 16, 17, 18, 19] + 35 * [None]
    assert [row.pk for row in plan.gone] == [*range(15), *range(20, 40)]


def test_a_list_has_an_end(api: Api, note: dict[str, Any]) -> None:
    many = [{"text": str(number)} for number in range(201)]

    refused = api.patch(f"/notes/{note['id']}", {"action_items": many})

    assert refused.status_code == 400
    assert ActionItem.objects.count() == 3


def test_a_changed_list_makes_the_note_newer(api: Api, note: dict[str, Any]) -> None:
    stored = Note.objects.get()

    api.patch(f"/notes/{note['id']}", {"action_items": []})

    assert Note.objects.get().updated_at > stored.updated_at


def test_many_items_are_stored_with_few_queries(db, django_assert_max_num_queries) -> None:
    few, many = ([{"text": str(n)} for n in range(size)] for size in (2, 150))
    note = services.create_note(SYSTEM, title="A", action_items=few)
    stored = Note.objects.get(pk=note.pk)
    with django_assert_max_num_queries(25):
        services.update_note(SYSTEM, stored, action_items=many)
    assert ActionItem.objects.count() == 150
