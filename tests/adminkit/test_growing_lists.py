"""Lists of the admin that grow: what a page costs follows from what is shown."""

from datetime import UTC, date, datetime
from itertools import count
from typing import Any

import pytest
from django.core.paginator import Paginator
from django.db import connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext

from estimates.models import Estimate, LineItem
from notes import people
from notes.models import ActionItem, Note, NoteAttendee
from syteops.adminkit import growing_lists
from syteops.adminkit.growing_lists import KeysFirst, Periods
from syteops.audit.models import AuditEntry
from syteops.team.models import TeamMember
from tests.manage_api.plans import plans_of, sorts_everything

pytestmark = [pytest.mark.django_db, pytest.mark.combination]

_numbers = count(1)
LISTS: dict[Any, str] = {
    Note: "/admin/notes/note/",
    Estimate: "/admin/estimates/estimate/",
    AuditEntry: "/admin/audit/auditentry/",
}


def make(model: Any, **values: Any) -> Any:
    n = next(_numbers)
    needed: dict[Any, dict[str, Any]] = {
        Note: {"title": f"Meeting {n} on hosting", "slug": f"n{n}"},
        Estimate: {"title": f"Offer {n} for hosting", "slug": f"e{n}", "year": 2026,
                   "sequence": n, "number": f"EST-2026-{n}", "currency": "EUR"},
        AuditEntry: {"event": "note.updated", "object_label": f"Meeting {n} on hosting",
                     "actor_label": "Ada Lovelace", "object_resource": "notes_items"},
    }  # fmt: skip
    made = model.objects.create(**{**needed[model], **values})
    if model is Note:
        ActionItem.objects.create(note=made, text="Call")
        ActionItem.objects.create(note=made, text="Write", done=True)
    if model is Estimate:
        LineItem.objects.create(estimate=made, description="Work", unit_price=100)
    return made


@pytest.mark.parametrize("model", LISTS)
def test_a_page_is_light_and_counts_once(page: Client, model: Any) -> None:
    table = model._meta.db_table
    for _ in range(20):
        make(model)
    page.get(LISTS[model])

    for query in ("", "?p=2", "?q=hosting"):
        with CaptureQueriesContext(connection) as seen:
            answer = page.get(LISTS[model] + query)
        counts = [one["sql"] for one in seen if "COUNT(*)" in one["sql"] and table in one["sql"]]
        assert len(counts) == 1, counts
        assert len(answer.content) < 150_000
        # A search looks into three indexes first, whether its word is in very many.
        assert len(seen) < (27 if "q=" in query else 21), "no query for each row"


@pytest.mark.parametrize("model", LISTS)
def test_a_page_does_not_sort_the_whole_list(page: Client, model: Any) -> None:
    for _ in range(20):
        make(model)
    plans = plans_of(lambda: page.get(LISTS[model]), model._meta.db_table)
    # Not who acted last, which an index alone tells.
    pages = {sql: plan for sql, plan in plans.items() if "LIMIT" in sql and "MAX(" not in sql}
    pages = {sql: plan for sql, plan in pages.items() if '"id" IN (' not in sql}  # the few shown

    assert pages
    assert [sql for sql, plan in pages.items() if sorts_everything(plan)] == []


def test_the_page_says_what_is_left_out_only_where_something_is(page: Client) -> None:
    make(Note)
    make(Note, title="Other")

    assert "Show all" not in page.get(LISTS[Note]).content.decode()
    assert "Show all" in page.get(f"{LISTS[Note]}?q=other").content.decode()


def test_the_list_of_notes_tells_what_is_to_do(page: Client) -> None:
    note = make(Note)
    ActionItem.objects.create(note=note, text="Mail")
    empty = Note.objects.create(title="Nothing to do", slug="nothing")

    answer: Any = page.get(LISTS[Note])
    found = answer.context_data["cl"].result_list

    assert {one.pk: one._to_do for one in found} == {note.pk: 2, empty.pk: 0}


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_page_has_the_rows_that_it_ever_had(number: int) -> None:
    for _ in range(7):
        make(Note)
    found = Note.objects.order_by("-updated_at", "-pk")

    assert [*KeysFirst(found, 3).page(number)] == [*Paginator(found, 3).page(number)]


# --- The dates above a list ----------------------------------------------------------------------

DAYS = [
    date(2024, 12, 31),
    date(2025, 1, 1),
    date(2025, 1, 31),
    date(2025, 2, 1),
    date(9999, 12, 31),
]
# Midnight in Vienna, where the clock is changed, and what a moment before and after it is.
MOMENTS = [
    datetime(2024, 12, 31, 22, 59, 59, 999999, UTC),
    datetime(2024, 12, 31, 23, tzinfo=UTC),
    datetime(2025, 3, 29, 23, tzinfo=UTC),
    datetime(2025, 3, 30, 22, tzinfo=UTC),
    datetime(2025, 10, 25, 21, 59, tzinfo=UTC),
    datetime(2025, 10, 26, 23, tzinfo=UTC),
]


@pytest.mark.parametrize("few", [0, 1000], ids=["one by one", "at once"])
@pytest.mark.parametrize("kind", ["year", "month", "day"])
def test_the_periods_are_those_that_django_finds(
    settings: Any, monkeypatch: Any, few: int, kind: Any
) -> None:
    settings.TIME_ZONE = "Europe/Vienna"
    monkeypatch.setattr(growing_lists, "FEW", few)
    for day in (*DAYS, *DAYS, None):
        make(Note, meeting_date=day)
    for note, at in zip(Note.objects.order_by("pk"), MOMENTS * 2, strict=False):
        Note.objects.filter(pk=note.pk).update(created_at=at)
    Note.objects.filter(created_at__year=2026).delete()
    found = Note.objects.filter(title__contains="on hosting")

    days = Periods(found, "meeting_date", found.count()).dates("meeting_date", kind)
    moments = Periods(found, "created_at", found.count()).datetimes("created_at", kind)

    assert days == [*found.dates("meeting_date", kind)]
    assert moments == [one.date() for one in found.datetimes("created_at", kind)]


@pytest.mark.parametrize("few", [0, 1000])
def test_the_ends_are_those_of_the_rows(monkeypatch: Any, few: int) -> None:
    monkeypatch.setattr(growing_lists, "FEW", few)
    none = Periods(Note.objects.all(), "meeting_date", 0)
    assert none.aggregate() == {"first": None, "last": None}
    assert none.dates("meeting_date", "day") == []
    for day in DAYS:
        make(Note, meeting_date=day)
    ends = Periods(Note.objects.all(), "meeting_date", 5).aggregate()
    assert ends == {"first": DAYS[0], "last": DAYS[-1]}


# --- Whom a note can name ------------------------------------------------------------------------


def test_whom_a_note_can_name_is_asked_without_joins() -> None:
    note, other = make(Note), make(Note)
    gone = [TeamMember.objects.create(number=n, first_name=f"Gone {n}") for n in range(1, 5)]
    there = TeamMember.objects.create(number=9, first_name="There")
    Note.objects.filter(pk=note.pk).update(author=gone[0])
    NoteAttendee.objects.create(note=note, member=gone[1])
    ActionItem.objects.create(note=note, text="Call", assignee=gone[2])
    ActionItem.objects.create(note=other, text="Call", assignee=gone[3])
    at = datetime(2026, 1, 1, tzinfo=UTC)
    TeamMember.all_objects.filter(pk__lt=there.pk).update(
        deleted_at=at, number=None, former_number=F("number")
    )

    found = people.choosable(note)

    assert {*found} == {there, *gone[:3]}
    assert len(found) == 4
    assert " JOIN " not in str(found.query)
