"""Finding notes."""

from datetime import date, timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.utils import timezone

from notes import services
from syteops.core.actors import SYSTEM
from syteops.team import services as team
from tests.each import each
from tests.fixtures import Api


def titles(api: Api, query: str) -> list[str]:
    answer = api.get(f"/notes?{query}")
    assert answer.status_code == 200, answer.json()
    return [item["title"] for item in answer.json()["items"]]


@pytest.fixture
def three(db) -> None:
    make = services.create_note
    make(SYSTEM, title="Apple", status="draft", tags=["fruit", "Red Thing"])
    make(SYSTEM, title="Banana", status="published", content="yellow%", tags=["fruit"],
         meeting_date="2026-11-02")  # fmt: skip
    make(SYSTEM, title="Carrot", status="published", meeting_date="2026-11-01")


@each(
    ("query", "found"),
    [
        ("ordering=title", ["Apple", "Banana", "Carrot"]),
        ("ordering=-title", ["Carrot", "Banana", "Apple"]),
        ("ordering=meeting_date", ["Carrot", "Banana", "Apple"]),
        ("ordering=-meeting_date", ["Banana", "Carrot", "Apple"]),
        ("", ["Carrot", "Banana", "Apple"]),
        ("status=published", ["Carrot", "Banana"]),
        ("tag=FRUIT", ["Banana", "Apple"]),
        ("tag=red%20%20thing", ["Apple"]),
        ("tag=fru", []),
        ("search=an", ["Banana"]),
        ("search=yellow%25", ["Banana"]),
        ("search=fruit", ["Banana", "Apple"]),
        ("search=fruit+app", ["Apple"]),
        ("search=%25", ["Banana"]),
        ("search=__", []),
        ("search=", ["Carrot", "Banana", "Apple"]),
        ("tag=fruit&status=draft&search=apple", ["Apple"]),
        ("per_page=1&page=2&ordering=title", ["Banana"]),
        ("page=9", []),
    ],
)
def test_notes_are_found(api: Api, three, query: str, found: list[str]) -> None:
    assert titles(api, query) == found


def test_a_name_of_a_member_finds_notes_for_whoever_may_read_members(
    make_key, bob: User, as_person
) -> None:
    """For others each answer would tell whether a guess at the name behind a number is right."""
    ada = team.create_team_member(SYSTEM, first_name="Ada", last_name="Lovelace")
    services.create_note(SYSTEM, title="Kick-off", attendees=[ada])
    codenames = ["view_note", "view_teammember"]
    note, member = (Permission.objects.get(codename=one) for one in codenames)
    bob.user_permissions.set([note])

    assert titles(Api(make_key("notes_items:read")), "search=lovel") == []
    assert titles(Api(make_key("notes_items:read")), "search=kick") == ["Kick-off"]
    assert titles(Api(make_key("notes_items:read", "users:read")), "search=lovel") == ["Kick-off"]
    assert titles(as_person(bob), "search=lovel") == []
    bob.user_permissions.add(member)
    assert titles(as_person(bob), "search=lovel") == ["Kick-off"]


@each(
    ("query", "found"),
    [
        ("author=001", ["Plan"]),
        ("author=002", []),
        ("author=999", []),
        ("attendee=002", ["Plan"]),
        ("attendee=001", []),
        ("assignee=001", ["Late", "Plan"]),
        ("assignee=002", []),  # it is done
        ("due_before=2026-11-03", ["Late"]),
        ("due_before=2026-11-02", []),
        ("overdue=true", ["Late"]),
        ("overdue=false", ["Idle", "Plan"]),
        ("overdue=true&author=001", []),
        ("search=banana", ["Plan"]),
        ("search=byron", ["Plan"]),
    ],
)
def test_notes_are_filtered_by_whom_and_what_they_are_about(
    api: Api, db: None, query: str, found: list[str]
) -> None:
    ada = team.create_team_member(SYSTEM, first_name="Ada")
    ben = team.create_team_member(SYSTEM, first_name="Ben", last_name="Byron")
    soon = timezone.localdate() + timedelta(3)
    done = {"text": "Bananas", "assignee": ben, "due_date": date(2026, 1, 1), "done": True}
    plan = {"text": "Plan", "assignee": ada, "due_date": soon}
    late = {"text": "Hurry", "assignee": ada, "due_date": date(2026, 11, 2)}
    make = services.create_note
    make(SYSTEM, title="Plan", author=ada, attendees=[ben], action_items=[plan, done])
    make(SYSTEM, title="Late", action_items=[late])
    make(SYSTEM, title="Idle")

    assert sorted(titles(api, query)) == found


@pytest.mark.parametrize(
    "query",
    [
        "ordering=content",
        "status=gone",
        "per_page=0",
        "page=0",
        "x=1",
        "tag=a&tag=b",
        "author=1",
        "assignee=ada",
        "due_before=soon",
        "overdue=maybe",
    ],
)
def test_a_wrong_question_is_refused(api: Api, three, query: str) -> None:
    refused = api.get(f"/notes?{query}")

    assert refused.status_code == 400
    assert refused.json()["code"] == "validation_error"


def test_a_list_costs_the_same_however_long_it_is(api: Api, django_assert_num_queries) -> None:
    member = team.create_team_member(SYSTEM, first_name="Ada")

    def grow(count: int) -> None:
        for number in range(count):
            services.create_note(
                SYSTEM,
                title=f"Note {number}",
                author=member,
                attendees=[member],
                tags=["a", "b"],
                action_items=[{"text": "x", "assignee": member}, {"text": "y"}],
            )

    grow(2)
    api.get("/notes")  # whatever a first request sets up
    count = _queries(api)
    grow(18)
    with django_assert_num_queries(count):
        assert len(api.get("/notes").json()["items"]) == 20
    grow(10)
    with django_assert_num_queries(count + 1):  # for more than 20: how long they are together
        assert len(api.get("/notes").json()["items"]) == 30


def _queries(api: Api) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        api.get("/notes")
    return len(captured)
