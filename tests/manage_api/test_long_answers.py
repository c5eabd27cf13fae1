"""No list answers without end: a page of long entries ends early, and `next` goes on."""

from typing import Any

import pytest
from django.test import Client

from manage_api import pagination
from manage_api.operations import Operation, all_operations
from manage_api.rendering import dump
from manage_api.viewsets import ListMixin
from syteops.core import reading, texts
from syteops.roles import queries as roles
from tests.events.publish import publish
from tests.fixtures import Api
from tests.isolation import forget_calls
from tests.manage_api.test_cursors import MODELS, ask, make, named

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("generous_budgets")]

WITH_CURSORS: list[Any] = [
    one
    for one in all_operations()
    if one.input and "after" in one.input().fields  # type: ignore[attr-defined]
]


def _walk(api: Api, one: Operation) -> tuple[list[str], int]:
    """What all pages show, and how many there are."""
    seen: list[str] = []
    pages, after, goes_on = 0, None, True
    while goes_on:
        data = ask(api, one, per_page=200, after=after)
        entries = data[one.viewset.list_name]
        seen += [named(one, entry) for entry in entries]
        pages += 1
        after, goes_on = data["next"], data.get("has_more", bool(data["next"])) and pages < 99
    return seen, pages


@pytest.mark.parametrize("one", WITH_CURSORS, ids=lambda one: one.name)
def test_a_page_of_long_entries_ends_early_and_nothing_is_left_out(
    api: Api, one: Operation, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish()  # what is made from now on
    for n in range(7):
        if one.name in MODELS:
            make(MODELS[one.name])
        else:  # the feed of events
            api.post("/notes", {"title": f"N{n}"})
    publish()
    whole, pages = _walk(api, one)
    assert (len(whole) >= 7, pages) == (True, 1)
    entries = ask(api, one, per_page=200)[one.viewset.list_name]

    monkeypatch.setattr(pagination, "MOST_BYTES", sum(len(dump(entry)) for entry in entries) // 4)

    found, pages = _walk(api, one)
    assert found == whole
    assert pages > 2


@pytest.mark.combination
def test_entries_with_long_changes_are_not_read_before_it_is_known_how_many_fit(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """200 of two megabytes each took a gigabyte, and seven seconds, for an answer of 8 MB."""
    publish()
    for n in range(7):
        api.post("/notes", {"title": f"N{n}", "content": "long" * 100})
    publish()
    lists = [one for one in WITH_CURSORS if one.name in ("audit.list", "events.list")]
    whole = [_walk(api, one) for one in lists]
    exported = api.get("/audit/export?format=jsonl").content
    monkeypatch.setattr(reading, "MOST_READ", 2_000)

    for one, (entries, _) in zip(lists, whole, strict=True):
        found, pages = _walk(api, one)
        assert found == entries
        assert 2 < pages < 99
    assert api.get("/audit?page=1&per_page=200").status_code == 413
    assert [one for one in api.get("/audit/export?format=jsonl").content.splitlines() if one] == [
        one for one in exported.splitlines() if one
    ]


@pytest.mark.combination
@pytest.mark.parametrize(("name", "rows"), [("notes", "action_items"), ("estimates", "line_items")])
def test_objects_with_hundreds_of_rows_are_not_read_before_it_is_known_how_many_fit(
    api: Api, page: Client, monkeypatch: pytest.MonkeyPatch, name: str, rows: str
) -> None:
    """200 estimates of 200 lines each took two seconds; 500, of an export, had 4 s at once."""
    row = {"text": "Call"} if name == "notes" else {"description": "Call", "unit_price": "1"}
    for n in range(7):
        more = {"content": "long" * 100} if n == 3 else {rows: [row] * (n % 2)}
        assert api.post(f"/{name}", {"title": f"N{n}", **more}).status_code == 201
    one = next(one for one in WITH_CURSORS if one.name == f"{name}_items.list")
    whole, pages = _walk(api, one)
    assert (len(whole), pages) == (7, 1)
    export = f"/admin/{name}/{name[:-1]}/export/?format="

    def exported() -> bytes:
        answer: Any = page.get(f"{export}csv")
        return b"".join(answer.streaming_content)

    before = exported()
    assert page.get(f"{export}xlsx").status_code == 200

    monkeypatch.setattr(texts, "_FEW", 1)
    monkeypatch.setattr(reading, "MOST_READ", texts.A_ROW)

    assert _walk(api, one) == (whole, 3)
    assert api.get(f"/{name}?page=1&per_page=7").status_code == 413
    assert exported() == before
    assert page.get(f"{export}xlsx").status_code == 302  # it is made in the background


def test_a_numbered_page_of_long_entries_is_refused_and_says_what_fits(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        api.post("/notes", {"title": "Long", "content": "x" * 1000})
    monkeypatch.setattr(pagination, "MOST_BYTES", 5_000)

    refused = api.get("/notes?page=1&per_page=5")

    assert (refused.status_code, refused.json()["code"]) == (413, "payload_too_large")
    assert "per_page=3" in refused.json()["detail"]
    assert len(api.get("/notes?page=1&per_page=3").json()["items"]) == 3
    by_itself = api.get("/notes?per_page=5").json()
    assert (len(by_itself["items"]), by_itself["total"], by_itself["page"]) == (3, None, None)


WHOLE = [
    one
    for one in all_operations()
    if issubclass(one.viewset, ListMixin) and one.endpoint == "list"
    if one.viewset.pagination_class is None
]


def test_the_lists_without_pages_are_these() -> None:
    """One more of them is a list that somebody must say of what bounds it."""
    assert sorted(one.name for one in WHOLE) == [
        "ai.list_areas",  # as many as are installed
        "crm.list",  # MAX_CRM_SYSTEMS
        "integrations.list",  # as many as are installed
        "modules.list",  # as many as are installed
        "roles.list",
        "variable_sets.list",  # MOST_TOGETHER
    ]


@pytest.mark.parametrize("one", WHOLE, ids=lambda one: one.name)
def test_a_list_without_pages_is_refused_beyond_the_same_length(
    api: Api, one: Operation, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.post("/crm-systems", {"name": "HubSpot"})
    api.post("/variable-sets", {"name": "Acme", "acronym": "acme"})
    url = f"/dispatch?resource={one.resource}&action={one.action}"
    whole = api.get(url)
    assert whole.status_code == 200
    length = len(dump(whole.json()["data"]))
    for most, status in ((length, 200), (length - 1, 413)):
        monkeypatch.setattr(pagination, "MOST_BYTES", most)
        assert api.get(url, Idempotency_Key=str(most)).status_code == status


def test_roles_that_everybody_holds_are_counted_before_their_holders_are_read(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand roles of 999 members each would take twenty seconds to be refused."""
    for slug in ("editor", "author"):
        api.post("/roles", {"name": slug.title()})
        api.post("/team-members", {"first_name": slug, "role_slugs": []})
        api.post(f"/roles/{slug}/assign", {"user_num": "001"})
    shown = api.get("/roles").json()["roles"]
    size = sum(roles._A_ROLE + roles._A_HOLDER * one["assigned_count"] for one in shown)
    for most, status in ((size, 200), (size - 1, 413)):
        monkeypatch.setattr(reading, "MOST_READ", most)
        forget_calls()
        assert api.get("/roles").status_code == status
