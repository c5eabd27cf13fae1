from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from jsonschema import Draft202012Validator

from manage_api import bulk
from manage_api.models import IdempotencyRecord
from manage_api.openapi.document import document, inlined
from manage_api.shared import validate
from syteops.audit.models import AuditEntry, Outcome
from syteops.crm.models import CrmSystem
from tests.fixtures import Api
from tests.manage_api.stored import stored

BULK = "/crm-systems/bulk"


def _create(name: object) -> dict[str, object]:
    return {"action": "create", "params": {"name": name}}


def _update(crm_num: str, name: object) -> dict[str, object]:
    return {"action": "update", "params": {"crm_num": crm_num, "name": name}}


def _delete(crm_num: str) -> dict[str, object]:
    return {"action": "delete", "params": {"crm_num": crm_num}}


def _names() -> list[str]:
    return list(CrmSystem.objects.order_by("number").values_list("name", flat=True))


def test_creates_updates_and_deletes_go_through_in_order(api: Api) -> None:
    items = [_create("One"), _create("Two"), _update("001", "Uno"), _delete("002")]

    answer = api.post(f"{BULK}?confirm=true", {"items": items})

    assert answer.status_code == 200, answer.content
    assert [one["action"] for one in answer.json()["items"]] == [i["action"] for i in items]
    assert _names() == ["Uno"]
    assert answer.headers["SyteOps-Changed"] == "true"
    entries = AuditEntry.objects.filter(object_resource="crm")
    assert entries.count() == 4
    assert {entry.request_id for entry in entries} == {answer.headers["X-Request-ID"]}


def test_one_wrong_item_stops_all_and_each_wrong_one_is_named(api: Api) -> None:
    items = [_create("One"), _create(5), _update("099", "Nobody")]

    answer = api.post(BULK, {"items": items}).json()

    assert answer["code"] == "validation_error"
    assert [e["pointer"] for e in answer["errors"]] == ["#/items/1/params/name", "#/items/2"]
    assert [(i["index"], i["code"]) for i in answer["items"]] == [
        (1, "validation_error"),
        (2, "not_found"),
    ]
    assert _names() == []
    assert not AuditEntry.objects.filter(object_resource="crm").exists()


@pytest.mark.parametrize(
    ("params", "code"), [({"name": "x"}, "required"), ({"crm_num": 1, "name": "x"}, "invalid")]
)
def test_an_identifier_that_is_missing_or_no_text_is_named_in_its_item(
    api: Api, params: dict[str, object], code: str
) -> None:
    items = {"items": [_create("One"), {"action": "update", "params": params}]}

    for answer, start in (
        (api.post(BULK, items), "#/items/1"),
        (api.dispatch("crm.bulk", items), "#/params/items/1"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (400, "validation_error")
        errors = [(one["pointer"], one["code"]) for one in answer.json()["errors"]]
        assert errors == [(f"{start}/params/crm_num", code)]


def test_an_item_that_is_refused_is_named_with_the_reason(api: Api, settings: Any) -> None:
    api.post(BULK, {"items": [_create("One")]})
    settings.MAX_CRM_SYSTEMS = 1
    items = {"items": [_update("099", "x"), _create("Two"), _delete("001"), _create(5)]}

    answer = api.post(BULK, items).json()

    assert [(one["pointer"], one["code"]) for one in answer["errors"]] == [
        ("#/items/0", "not_found"),
        ("#/items/1", "limit_reached"),
        ("#/items/2", "confirmation_required"),
        ("#/items/3/params/name", "invalid"),
    ]
    schema = inlined(document()["components"]["schemas"]["Problem"])
    Draft202012Validator(schema).validate(answer)


def test_one_confirmation_covers_every_delete(api: Api) -> None:
    api.post(BULK, {"items": [_create("One"), _create("Two")]})
    deletes = {"items": [_delete("001"), _delete("002")]}

    refused = api.post(BULK, deletes)

    assert refused.status_code == 428
    would_go = refused.json()["impact"]["items"]
    assert [(one["index"], one["name"]) for one in would_go] == [(0, "One"), (1, "Two")]
    assert _names() == ["One", "Two"]
    assert api.post(f"{BULK}?confirm=true", deletes).status_code == 200
    assert _names() == []


@pytest.mark.parametrize("first", [_create("Two"), _create(5), _update("099", "Nobody")])
def test_each_item_needs_the_scope_of_its_own_action(
    make_key: Callable[..., str], first: dict[str, object]
) -> None:
    writer = Api(make_key("crm:write"))
    writer.post(BULK, {"items": [_create("One")]})

    refused = writer.post(f"{BULK}?confirm=true", {"items": [first, _delete("001")]})

    assert (refused.status_code, refused.json()["code"]) == (403, "insufficient_scope")
    assert "crm:delete" in refused.json()["detail"]
    assert _names() == ["One"]
    refusal = AuditEntry.objects.get(outcome=Outcome.REFUSED)
    assert (refusal.operation, refusal.code) == ("crm.bulk", "insufficient_scope")


@pytest.mark.parametrize("others", [[], [_update("001", 5)], [_update("099", "Nobody")]])
def test_a_person_s_bulk_with_an_item_that_they_may_not_do_is_forbidden_and_noted(
    api: Api,
    as_person: Callable[[User], Api],
    bob: User,
    others: list[dict[str, object]],
) -> None:
    """Whatever else is wrong with it: a missing right says more than a wrong value."""
    api.post(BULK, {"items": [_create("One")]})
    items = {"items": [_update("001", "Uno"), *others, _delete("001")]}

    refused = as_person(bob).post(f"{BULK}?confirm=true", items)

    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")
    assert "crm.delete_crmsystem" in refused.json()["detail"]
    assert refused.json()["items"][-1]["code"] == "permission_denied"
    assert _names() == ["One"]
    refusal = AuditEntry.objects.get(outcome=Outcome.REFUSED)
    assert (refusal.operation, refusal.code) == ("crm.bulk", "permission_denied")
    assert refusal.actor_label == "bob"


def test_nothing_that_would_go_is_told_to_whoever_may_not_delete_it(
    api: Api, as_person: Callable[[User], Api], bob: User
) -> None:
    api.post(BULK, {"items": [_create("One")]})

    for query in ("", "?dry_run=true"):
        refused = as_person(bob).post(f"{BULK}{query}", {"items": [_delete("001")]})
        assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")
        assert "impact" not in refused.json()
        assert "One" not in refused.content.decode()


def test_a_bulk_of_nothing_new_says_so(api: Api) -> None:
    api.post(BULK, {"items": [_create("One")]})

    assert api.post(BULK, {"items": [_update("001", "One")]}).headers["SyteOps-Changed"] == "false"


def test_a_dry_run_of_a_bulk_stores_nothing(api: Api) -> None:
    answer = api.post(f"{BULK}?dry_run=true", {"items": [_create("One"), _create("Two")]})

    assert [i["data"]["crm_num"] for i in answer.json()["data"]["items"]] == ["001", "002"]
    assert _names() == []


def test_a_dry_run_says_what_would_go_as_the_refusal_does(api: Api) -> None:
    api.post(BULK, {"items": [_create("One"), _create("Two")]})
    items = {"items": [_update("001", "Uno"), _delete("002")]}

    over_rest = api.post(f"{BULK}?dry_run=true", items).json()
    by_dispatch = api.dispatch("crm.bulk", items, dry_run=True).json()

    asked = api.post(BULK, items).json()
    told = asked["impact"].pop("lineage")
    assert over_rest["lineage"] == by_dispatch["lineage"] == told
    assert over_rest["impact"] == by_dispatch["impact"] == asked["impact"]
    assert [(one["index"], one["name"]) for one in asked["impact"]["items"]] == [(1, "Two")]
    assert _names() == ["One", "Two"]


def test_a_dry_run_from_which_nothing_goes_has_no_impact(api: Api) -> None:
    items = {"items": [_create("One")]}

    assert api.post(f"{BULK}?dry_run=true", items).json()["impact"] is None
    assert "impact" not in api.dispatch("crm.bulk", items, dry_run=True).json()


def test_there_is_a_limit_and_none_is_too_few(api: Api) -> None:
    for items in ([], [_create("One")] * 501):
        answer = api.post(BULK, {"items": items})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "#/items")


def test_dispatch_does_the_same(api: Api) -> None:
    answer = api.dispatch("crm.bulk", {"items": [_create("One"), _create(5)]}).json()

    assert answer["errors"][0]["pointer"] == "#/params/items/1/params/name"
    assert api.dispatch("crm.bulk", {"items": [_create("One")]}).json()["changed"] is True


@pytest.mark.parametrize("query", ["", "?dry_run=true"])
def test_small_items_do_not_make_an_answer_without_end(
    api: Api, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    """Each update of a large object answers that object: 20 kB of them made 50 MB."""
    monkeypatch.setattr(bulk, "MOST_ANSWERED", 1_000_000)
    made = api.post("/notes", {"title": "Long", "content": "x" * 100_000}).json()
    items = [
        {"action": "update", "params": {"id": made["id"], "title": f"T{n}"}} for n in range(500)
    ]

    refused = api.post(f"/notes/bulk{query}", {"items": items}, HTTP_IDEMPOTENCY_KEY="large")

    assert (refused.status_code, refused.json()["code"]) == (413, "payload_too_large")
    assert len(refused.content) < 1_000
    assert "such as 9" in refused.json()["detail"]
    assert not IdempotencyRecord.objects.exists()
    assert api.get(f"/notes/{made['id']}").json()["title"] == "Long"
    assert api.post(f"/notes/bulk{query}", {"items": items[:9]}).status_code == 200


def test_nor_do_the_changes_that_a_dry_run_tells(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """500 notes of 99,000 emoji that become short: 200 MB."""
    monkeypatch.setattr(bulk, "MOST_ANSWERED", 30_000)
    made = [api.post("/notes", {"title": "Long", "content": "x" * 10_000}).json() for _ in range(4)]
    items = [{"action": "update", "params": {"id": one["id"], "content": ""}} for one in made]

    refused = api.post("/notes/bulk?dry_run=true", {"items": items})

    assert (refused.status_code, refused.json()["code"]) == (413, "payload_too_large")
    assert api.post("/notes/bulk?dry_run=true", {"items": items[:2]}).json()["changed"] is True
    stored = api.post("/notes/bulk", {"items": items})
    assert (stored.status_code, stored.headers["SyteOps-Changed"]) == (200, "true")


@pytest.mark.parametrize(
    "item",
    [
        lambda id_: {"action": "update", "params": {"id": id_, "content": ""}},
        lambda id_: {"action": "delete", "params": {"id": id_}},
    ],
)
def test_nor_do_small_items_change_without_end(
    api: Api, monkeypatch: pytest.MonkeyPatch, item: Any
) -> None:
    """To delete 500 notes of 99,000 emoji took 460 MB, of what the database held of them."""
    monkeypatch.setattr(bulk, "MOST_CHANGED", 30_000)
    made = [api.post("/notes", {"title": "Long", "content": "x" * 10_000}).json() for _ in range(4)]
    items = [item(one["id"]) for one in made]

    refused = api.post("/notes/bulk?confirm=true", {"items": items})

    assert (refused.status_code, refused.json()["code"]) == (413, "payload_too_large")
    assert "such as 2" in refused.json()["detail"]
    assert api.post("/notes/bulk?confirm=true", {"items": items[:2]}).status_code == 200


def test_behind_a_thousand_errors_no_item_is_looked_at(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A megabyte of wrong rows has 70,000, which took two seconds to find."""
    wrong = {"text": 1, "assignee": "x", "due_date": "2", "done": 3}
    items = [
        {"action": "create", "params": {"title": n, "action_items": [wrong]}} for n in range(9)
    ]
    whole = api.post("/notes/bulk", {"items": items}).json()
    monkeypatch.setattr(bulk, "MOST_WRONG", 12)

    refused = api.post("/notes/bulk", {"items": items}).json()

    assert [one["index"] for one in whole["items"]] == [*range(9)]
    assert [one["index"] for one in refused["items"]] == [0, 1, 2]
    assert refused["errors"] == whole["errors"][:15]


def test_nor_do_small_items_that_cannot_be_done(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "MOST_ANSWERED", 5_000)
    api.post("/crm-systems", {"name": "One"})

    refused = api.post(BULK, {"items": [_delete("001")] * 500})

    assert (refused.status_code, len(refused.content) < 1_000) == (413, True)
    assert api.post(BULK, {"items": [_delete("001")]}).status_code == 428


def test_items_are_done_for_half_as_long_as_others_wait_for_the_lock(
    api: Api, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(0, 1000, 2))  # each item takes two seconds
    monkeypatch.setattr(bulk, "monotonic", lambda: next(clock))
    settings.DATABASE_TIMEOUT = 15
    before = stored()

    refused = api.post(BULK, {"items": [_create(f"C{n}") for n in range(5)]})

    assert (refused.status_code, refused.json()["code"]) == (413, "payload_too_large")
    assert "fewer items at once, such as 3" in refused.json()["detail"]
    assert stored() == before
    assert api.post(BULK, {"items": [_create(f"C{n}") for n in range(3)]}).status_code == 200


def test_items_are_looked_at_before_the_lock(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def look(*given: Any, **also: Any) -> Any:
        seen.append(transaction.get_connection().savepoint_ids)
        return validate(*given, **also)

    monkeypatch.setattr("manage_api.execution.validate", look)
    outside = transaction.get_connection().savepoint_ids[:]

    assert api.post(BULK, {"items": [_create("One"), _create(5)]}).status_code == 400

    assert len(seen) == 3
    assert all(one == outside for one in seen)
