"""Paging with `after`: no row is skipped or repeated, whatever comes or goes meanwhile.

Every paged list of the registry is walked in every order that it offers.
"""

import base64
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import count
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.db.models import CharField
from django.test.utils import CaptureQueriesContext

from estimates.models import Estimate
from manage_api.cursors import LONGEST, write_cursor
from manage_api.operations import Operation, all_operations
from notes.models import ActionItem, Note
from syteops.audit.models import AuditEntry
from syteops.automation.models import Variable
from syteops.deliveries.models import Delivery
from syteops.events.models import Event
from syteops.team.models import TeamMember
from syteops.webhooks.models import Webhook
from tests.fixtures import Api
from tests.manage_api.plans import plans_of, sorts_everything

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("generous_budgets")]

PAGED: list[Any] = [
    one
    for one in all_operations()
    if one.input and {"after", "page"} <= {*one.input().fields}  # type: ignore[attr-defined]
]
OTHERS = {"notes_items.list_actions": ActionItem, "variables.catalog": Variable}
MODELS: dict[str, Any] = {
    one.name: OTHERS.get(one.name) or one.viewset.queryset.model for one in PAGED
}
ORDERS = [
    (one, f"{sign}{name}")
    for one in PAGED
    for name in getattr(one.viewset, "ordering_fields", {}) or ("",)
    for sign in ("", "-")[: 2 if name else 1]
]
MOMENT = datetime(2026, 1, 1, 12, tzinfo=UTC)
_numbers = count(1)


def test_every_paged_list_is_walked() -> None:
    assert len(ORDERS) > 35


# --- What is walked ------------------------------------------------------------------------------


def values(n: int) -> dict[str, Any]:
    """Of each column some values are equal, and some are missing."""
    day = date(2026, 1, 1 + n % 3) if n % 4 else None
    return {
        "title": ("Alpha", "älpha", "Beta")[n % 3],
        "meeting_date": day,
        "follow_up_date": day,
        "due_date": day,
        "valid_until": day,
        "client_name": ("", "Zoë", "zoe")[n % 3],
        "full_name": ("", "Zoë", "zoe")[n % 3],
        "last_name": ("Müller", "muller")[n % 2],
        "company_name": ("", "A & B")[n % 2],
        "email": ("", f"a{n}@example.com")[n % 2],
    }


def make(model: Any) -> Any:
    n = next(_numbers)
    needed: dict[Any, dict[str, Any]] = {
        Note: {"slug": f"n{n}"},
        Estimate: {"slug": f"e{n}", "year": 2025 + n % 2, "sequence": n // 2,
                   "number": f"x{n}", "currency": "EUR"},
        TeamMember: {"number": n},
        AuditEntry: {"event": "note.updated", "changes": {}},
        Variable: {"key": f"k{n:03d}", "value": "v"},
        Webhook: {"name": f"w{n % 3}", "url": "https://w.example", "types": ["*"]},
        Delivery: {"integration": "webhooks", "event_id": n},
    }  # fmt: skip
    if model is ActionItem:
        needed[model] = {"text": "do", "note": make(Note)}
    if model is Delivery:
        Event.objects.create(id=n, at=MOMENT, type="note.updated", resource="notes_items")
    columns = {one.name for one in model._meta.concrete_fields}
    told = needed.get(model) or _texts(model, n)
    made = model(**{**told, **{k: v for k, v in values(n).items() if k in columns}})
    made.save()
    moments = {"created_at", "updated_at"} & columns
    at = MOMENT + timedelta(microseconds=n // 3)
    model._base_manager.filter(pk=made.pk).update(**dict.fromkeys(moments, at))
    return made


def _texts(model: Any, n: int) -> dict[str, str]:
    """For a model that nothing is known about: whatever must be unique is."""
    columns = [one for one in model._meta.concrete_fields if isinstance(one, CharField)]
    return {one.name: f"https://{n}.example.com" for one in columns}


def ask(api: Api, one: Operation, **params: Any) -> dict[str, Any]:
    answer = api.dispatch(one.name, {k: v for k, v in params.items() if v not in ("", None)})
    assert answer.status_code == 200, answer.json()
    data: dict[str, Any] = answer.json()["data"]
    return data


def named(one: Operation, row: dict[str, Any]) -> str:
    return str(row.get("id", row.get("name")))


def page(
    api: Api, one: Operation, ordering: str, after: Any = None, size: int = 3
) -> tuple[list[str], Any]:
    data = ask(api, one, ordering=ordering, after=after, per_page=size)
    return [named(one, row) for row in data[one.viewset.list_name]], data["next"]


def walk(
    api: Api,
    one: Operation,
    ordering: str,
    between: Callable[[list[str]], None] = lambda seen: None,
) -> list[str]:
    seen, after = page(api, one, ordering)
    while after:
        between(seen)
        found, after = page(api, one, ordering, after)
        seen += found
    return seen


def whole(api: Api, one: Operation, ordering: str) -> list[str]:
    found, following = page(api, one, ordering, size=200)
    assert following is None
    return found


every_order = pytest.mark.parametrize(
    ("one", "ordering"), ORDERS, ids=lambda one: getattr(one, "name", one)
)


@pytest.mark.combination
@every_order
def test_the_pages_are_the_list(api: Api, one: Operation, ordering: str) -> None:
    for _ in range(14):
        make(MODELS[one.name])

    assert walk(api, one, ordering) == whole(api, one, ordering)


@pytest.mark.combination
@every_order
def test_what_comes_and_goes_moves_no_other_row(api: Api, one: Operation, ordering: str) -> None:
    model = MODELS[one.name]
    for _ in range(12):
        make(model)
    before = whole(api, one, ordering)
    gone: set[str] = set()

    def change(seen: list[str]) -> None:
        """The row that was shown last goes, and the one behind it; others come anywhere."""
        coming = next((name for name in before if name not in {*seen, *gone}), seen[-1])
        for name in {seen[-1], coming}:
            key = {"key": name.removeprefix("syteops_api_")} if model is Variable else {"pk": name}
            rows = model._base_manager.filter(**key)
            rows._raw_delete(rows.db)
            gone.add(name)
        make(model)
        make(model)

    seen = walk(api, one, ordering, change)

    assert len(seen) == len({*seen}), "nothing is repeated"
    stayed = [name for name in before if name not in gone]
    assert [name for name in seen if name in stayed] == stayed, "nothing is skipped"


# --- What it costs -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "ordering"),
    [each for each in ORDERS if MODELS[each[0].name] in (Note, ActionItem, Estimate, AuditEntry)],
    ids=lambda one: getattr(one, "name", one),
)
def test_no_page_sorts_the_whole_list(api: Api, one: Operation, ordering: str) -> None:
    for _ in range(8):
        make(MODELS[one.name])
    table = MODELS[one.name]._meta.db_table
    first = ask(api, one, ordering=ordering, per_page=3)

    for after in ("", first["next"]):
        query = urlencode({k: v for k, v in (("ordering", ordering), ("after", after)) if v})
        plans = plans_of(partial(api.get, f"{one.path}?{query}"), table)
        assert plans
        assert [plan for plan in plans.values() if sorts_everything(plan)] == []


def test_nothing_is_counted_behind_a_cursor(api: Api) -> None:
    for _ in range(8):
        make(Note)
    first = api.get("/notes?per_page=3").json()

    with CaptureQueriesContext(connection) as seen:
        second = api.get(f"/notes?per_page=3&after={first['next']}").json()

    assert (first["total"], first["page"], first["per_page"]) == (8, 1, 3)
    assert (second["total"], second["page"], second["per_page"]) == (None, None, 3)
    assert not [one for one in seen if "COUNT(" in one["sql"]]


def test_a_numbered_page_leads_on_as_well(api: Api) -> None:
    for _ in range(8):
        make(Note)
    second = api.get("/notes?per_page=3&page=2").json()
    third = api.get("/notes?per_page=3&page=3").json()

    behind = api.get(f"/notes?per_page=3&after={second['next']}").json()

    assert behind["items"] == third["items"]
    assert (behind["next"], third["next"]) == (None, None)


def test_what_went_is_told_on_the_first_page_only(api: Api) -> None:
    since = "updated_since=2020-01-01T00:00:00Z"
    for _ in range(3):
        make(Note)
    gone = api.post("/notes", {"title": "Gone"}).json()["id"]
    api.delete(f"/notes/{gone}?confirm=true")
    first = api.get(f"/notes?per_page=2&{since}").json()
    second = api.get(f"/notes?per_page=2&{since}&after={first['next']}").json()

    assert [one["id"] for one in first["deleted"]] == [gone]
    assert second["deleted"] == []


# --- What is no cursor ---------------------------------------------------------------------------


def refusal(api: Api, **params: str) -> dict[str, Any]:
    answer = api.get(f"/notes?{urlencode(params)}")
    assert answer.status_code == 400, answer.json()
    (error,) = answer.json()["errors"]
    assert error["pointer"] == "#/after"
    return dict(error)


def a_cursor(api: Api, path: str = "/notes?per_page=1") -> str:
    return str(api.get(path).json()["next"])


@pytest.fixture
def some(db: None) -> None:
    for model in (Note, Note, Note, Estimate, Estimate):
        make(model)


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "1",
        "x' OR 1=1 --",
        "Ā",
        "____",
        "a" * (LONGEST + 1),
        "a" * LONGEST,
        "../../etc/passwd",
        "WyJub3Rlc19pdGVtcy5saXN0IiwiLXVwZGF0ZWRfYXQiLFsxLDFdXQ",  # as if it were no secret
    ],
)
def test_what_is_no_cursor_is_refused(api: Api, some: None, cursor: str) -> None:
    with CaptureQueriesContext(connection) as seen:
        refusal(api, after=cursor)
    assert not [one for one in seen if "notes_note" in one["sql"]]


def test_an_altered_cursor_is_refused(api: Api, some: None) -> None:
    cursor = a_cursor(api)
    for place in (0, len(cursor) // 2, len(cursor) - 2):
        other = "A" if cursor[place] != "A" else "B"
        refusal(api, after=cursor[:place] + other + cursor[place + 1 :])


def test_a_cursor_belongs_to_its_list_and_its_order(api: Api, some: None) -> None:
    of_titles = a_cursor(api, "/notes?per_page=1&ordering=title")
    assert "ordering=title" in refusal(api, after=of_titles)["detail"]
    assert "ordering=title" in refusal(api, after=of_titles, ordering="-title")["detail"]
    of_estimates = a_cursor(api, "/estimates?per_page=1")
    assert "estimates_items.list" in refusal(api, after=of_estimates)["detail"]


@pytest.mark.parametrize("place", [[], [1], [1, 2, 3], ["no moment", 1], [None, "x"], [{}, 1]])
def test_a_cursor_of_another_version_is_refused(api: Api, some: None, place: list[Any]) -> None:
    refusal(api, after=write_cursor("notes_items.list", "-updated_at", place))


def test_a_page_is_named_in_one_way_only(api: Api, some: None) -> None:
    refusal(api, after=a_cursor(api), page="1")
    answer = api.dispatch("notes_items.list", {"after": a_cursor(api), "page": 1})
    assert answer.json()["errors"][0]["pointer"] == "#/params/after"


def test_a_cursor_tells_nothing_and_stays_the_same(api: Api, settings: Any) -> None:
    make(Note), make(Note)
    Note.objects.update(title="canary", title_folded="canary")
    cursor = a_cursor(api, "/notes?per_page=1&ordering=title")

    assert b"canary" not in base64.urlsafe_b64decode(cursor + "===")
    assert a_cursor(api, "/notes?per_page=1&ordering=title") == cursor

    settings.SECRET_KEY = "another secret of fifty characters, which is not guessed"
    refusal(api, after=cursor, ordering="title")


def test_the_longest_place_fits(api: Api) -> None:
    for _ in range(3):
        note = make(Note)
        note.title = '"' * 200
        note.save()
    cursor = a_cursor(api, "/notes?per_page=1&ordering=title")
    answer = api.get(f"/notes?per_page=1&ordering=title&after={cursor}")
    assert (len(cursor) < LONGEST, answer.status_code) == (True, 200)
