"""Lists that grow: what a page costs does not follow from how many rows there are."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from estimates.models import Estimate
from manage_api import filters
from manage_api.fields import MomentField, StrictBooleanField, StrictDateField
from manage_api.operations import all_operations
from notes.api.action_items import ActionItemViewSet
from notes.choices import NoteStatus
from notes.models import ActionItem, Note, NoteAttendee, NoteTag
from notes.queries import open_items
from syteops.audit.queries import changes_since
from syteops.core import search as searching
from syteops.team.models import TeamMember
from syteops.webhooks.models import Webhook
from tests.fixtures import Api
from tests.manage_api.plans import plan_of, plans_of, sorts_everything
from tests.manage_api.test_cursors import MODELS, PAGED, make
from tests.samples.team import a_member

pytestmark = [pytest.mark.django_db, pytest.mark.combination]


@pytest.mark.parametrize(
    ("path", "table"),
    [
        ("/notes", "notes_note"),
        ("/notes?status=draft", "notes_note"),
        ("/action-items", "notes_actionitem"),
        ("/action-items?done=false", "notes_actionitem"),
        ("/action-items?done=false&due_before=2026-12-24", "notes_actionitem"),
        ("/estimates", "estimates_estimate"),
        ("/estimates?status=draft", "estimates_estimate"),
        ("/estimates?superseded=true", "estimates_estimate"),
        ("/audit", "audit_auditentry"),
        ("/audit?resource=crm", "audit_auditentry"),
        ("/audit?event=note.created", "audit_auditentry"),
        ("/team-members", "team_teammember"),
    ],
)
def test_a_list_is_read_in_the_order_of_an_index(api: Api, path: str, table: str) -> None:
    a_member()
    plans = plans_of(lambda: api.get(path), table)

    assert plans
    assert [sql for sql, plan in plans.items() if sorts_everything(plan)] == []


GROWING = [one for one in PAGED if MODELS[one.name] not in (TeamMember, Webhook)]
"""The lists of which a site may have very much."""


def asked_of(field: Any) -> Any:
    """Something that a filter may be asked for."""
    if choices := getattr(field, "choices", None):
        return next(iter(choices))
    texts = {StrictDateField: "2026-01-01", MomentField: "2026-01-01T00:00:00Z"}
    return True if isinstance(field, StrictBooleanField) else texts.get(type(field), "001")


# PostgreSQL reads so few rows as it likes.
@pytest.mark.sqlite_only
@pytest.mark.usefixtures("generous_budgets")
def test_no_filter_of_any_list_reads_a_whole_table_to_sort_it(api: Api) -> None:
    plans: dict[str, str] = {}
    for one in GROWING:
        make(MODELS[one.name])
        for name, field in one.input().fields.items():
            asked = {name: asked_of(field)}
            if name not in ("after", "page", "per_page", "ordering"):
                table = MODELS[one.name]._meta.db_table
                plans |= plans_of(lambda: api.dispatch(one.name, asked), table)  # noqa: B023

    assert len(plans) > 25
    whole = [plan for plan in plans.values() if re.search(r"SCAN \w+$", plan, re.MULTILINE)]
    assert [plan for plan in whole if sorts_everything(plan)] == []


@pytest.mark.usefixtures("generous_budgets")
def test_of_a_filter_of_any_list_no_more_are_counted_than_of_a_search(api: Api) -> None:
    counted: dict[tuple[str, str], list[str]] = {}
    for one in (one for one in GROWING if one.name != "variables.catalog"):  # that is no table
        for name, field in {"": None, **one.input().fields}.items():
            # Of changes since a moment more than 5,000 are refused.
            if name not in ("after", "page", "per_page", "ordering", "updated_since"):
                asked = {name: asked_of(field)} if name else {}
                with CaptureQueriesContext(connection) as seen:
                    assert api.dispatch(one.name, {**asked, "page": 2}).status_code == 200
                counts = [each["sql"] for each in seen if "COUNT(" in each["sql"]]
                if counts:
                    counted[one.name, name] = counts

    assert len(counted) > 25
    bound = f"LIMIT {searching.MANY + 1}"
    without_bound = {at for at, sqls in counted.items() if not all(bound in sql for sql in sqls)}
    whole_lists = {(operation, "") for operation, _ in counted}
    assert without_bound == whole_lists - {("notes_items.list_actions", "")}  # by way of its notes


def test_refused_attempts_are_found_without_reading_all_others(api: Api) -> None:
    api.get("/whoami")  # the first time, the trail is asked whether the key has ended
    plans = plans_of(lambda: api.get("/audit?outcome=refused&page=2"), "audit_auditentry")

    assert len(plans) == 2
    assert [plan for plan in plans.values() if "audit_refused" not in plan] == []


@pytest.mark.parametrize("query", ["", "&status=draft", "&status=sent", "&status=expired"])
def test_estimates_are_counted_in_an_index_alone(api: Api, query: str) -> None:
    plans = plans_of(lambda: api.get(f"/estimates?page=2{query}"), "estimates_estimate")

    (plan,) = [plan for sql, plan in plans.items() if "COUNT(" in sql]
    index = "Index Only Scan using" if connection.vendor == "postgresql" else "COVERING INDEX"
    assert f"{index} estimates_standing" in plan, plan


def test_what_was_changed_since_is_found_by_its_time() -> None:
    since = timezone.now() - timedelta(hours=1)
    plan = changes_since(Estimate, since).order_by().values("object_pk").explain()
    assert "audit_resource_at" in plan or connection.vendor == "postgresql", plan


@pytest.mark.usefixtures("generous_budgets")
def test_what_was_changed_since_is_found_without_joining_what_belongs_to_it(api: Api) -> None:
    """Of a note with 200 people and 200 action items that would be 40,000 rows."""
    member = a_member()
    api.patch(f"/team-members/{member.slot}", {"first_name": "Grace"})
    found = []
    for one in all_operations():
        if one.input and "updated_since" in one.input().fields:  # type: ignore[attr-defined]
            with CaptureQueriesContext(connection) as seen:
                answer = api.dispatch(one.name, {"updated_since": "2026-01-01T00:00:00Z"})
            assert answer.status_code == 200, one.name
            since = (each["sql"] for each in seen if each["sql"].count("updated_at") > 1)
            found += [sql.partition(" IN (SELECT ")[2] for sql in since]

    assert len(found) > 5, [each["sql"] for each in seen]
    assert [sql for sql in found if " JOIN " in sql] == []


# PostgreSQL reads so few rows as it likes.
@pytest.mark.sqlite_only
@pytest.mark.parametrize("of", ["its key's id", "its key's name", "system"])
def test_what_somebody_did_is_read_in_the_order_of_an_index(api: Api, of: str) -> None:
    api.post("/crm-systems", {"name": "HubSpot"})
    key_id = api.get("/audit").json()["entries"][0]["actor"]["id"]
    name = {"its key's id": key_id, "its key's name": "Site key"}.get(of, of)
    plans = plans_of(lambda: api.get(f"/audit?actor={name}&page=2"), "audit_auditentry")

    assert any("COUNT(" in sql for sql in plans)
    assert [plan for plan in plans.values() if "audit_actor_" not in plan] == []
    assert [plan for plan in plans.values() if sorts_everything(plan)] == []


@pytest.mark.sqlite_only
@pytest.mark.parametrize("path", ["/audit", "/audit/export"])
def test_what_happened_to_an_object_is_found_by_an_index(api: Api, path: str) -> None:
    plans = plans_of(lambda: api.get(f"{path}?object=001"), "audit_auditentry")

    assert plans
    assert [plan for plan in plans.values() if "audit_object" not in plan] == []


@pytest.fixture
def notes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thirty, which all have the word launch: half in their text, half in their action items."""
    monkeypatch.setattr(searching, "MANY", 10)
    monkeypatch.setattr(filters, "MANY", 10)
    found = Note.objects.bulk_create(
        Note(title=f"Note {n}", slug=f"note-{n}", content="launch" if n % 2 else "")
        for n in range(30)
    )
    items = (ActionItem(note=one, text="Launch") for one in found if not one.content)
    ActionItem.objects.bulk_create(items)


def titles_of(api: Api, query: str) -> list[str]:
    """Those of all pages, by cursor."""
    found, after = [], ""
    while True:
        page = api.get(f"/notes?per_page=7&{query}{after}").json()
        found += [one["title"] for one in page["items"]]
        if page["next"] is None:
            return found
        after = f"&after={page['next']}"


@pytest.mark.usefixtures("notes")
def test_a_search_that_very_many_fit_is_not_counted_and_finds_them_all(api: Api) -> None:
    first = api.get("/notes?search=launch&per_page=7").json()
    assert (first["total"], first["page"], len(first["items"])) == (None, 1, 7)

    everything = [f"Note {n}" for n in reversed(range(30))]
    assert titles_of(api, "search=launch") == everything
    assert titles_of(api, "search=launch+note") == everything
    assert titles_of(api, "search=la") == everything
    assert titles_of(api, "search=launch+29") == ["Note 29"]
    assert titles_of(api, "search=launch+nowhere") == []
    assert api.get("/notes?search=launch&per_page=30").json()["total"] == 30  # all are there
    assert api.get("/notes?search=note+1&per_page=7").json()["total"] is None
    assert api.get("/notes?search=note+10&per_page=1").json()["total"] == 1
    assert api.get("/notes?per_page=7").json()["total"] == 30


@pytest.mark.usefixtures("notes")
def test_very_many_action_items_are_not_counted(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ActionItemViewSet.most_counted
    monkeypatch.setattr(ActionItemViewSet, "most_counted", 14)
    assert api.get("/action-items?per_page=7").json()["total"] is None
    Note.objects.filter(title="Note 0").update(status=NoteStatus.ARCHIVED)
    assert api.get("/action-items?per_page=7").json()["total"] == 14


@pytest.mark.usefixtures("notes")
@pytest.mark.parametrize(("tagged", "total"), [(4, 4), (30, None)])
def test_few_notes_with_a_tag_are_found_by_it_and_many_in_the_order_of_the_list(
    api: Api, tagged: int, total: int | None
) -> None:
    notes = Note.objects.order_by("updated_at", "id")
    NoteTag.objects.bulk_create(
        NoteTag(note=one, name=name) for one in notes[:tagged] for name in ("Launch", "else")
    )
    pages = [api.get(f"/notes?tag=launch&per_page=3&page={n}").json() for n in (1, 2)]
    shown = [one["title"] for page in pages for one in page["items"]]
    assert shown == [f"Note {n}" for n in reversed(range(max(tagged - 6, 0), tagged))]
    assert api.get("/notes?tag=launch&per_page=1").json()["total"] == total
    assert api.get("/notes?tag=launch&per_page=1&status=draft").json()["total"] == total
    assert api.get("/notes?tag=launch&per_page=1&status=archived").json()["total"] == 0
    assert titles_of(api, "tag=launch") == [f"Note {n}" for n in reversed(range(tagged))]
    if tagged > searching.MANY:
        read = plans_of(lambda: api.get("/notes?tag=launch&per_page=3&page=2"), "notes_note")
        counted = plans_of(lambda: api.get("/notes?tag=launch&per_page=3"), "notes_notetag")
        assert not any(map(sorts_everything, read.values()))
        assert "COUNT(" not in "".join(read)
        counting = "".join(plan for sql, plan in counted.items() if "COUNT(" in sql)
        # PostgreSQL reads so few rows as it likes.
        assert "notes_by_tag" in counting or connection.vendor == "postgresql"


# PostgreSQL reads so few rows as it likes.
@pytest.mark.sqlite_only
@pytest.mark.usefixtures("notes")
def test_who_was_there_is_searched_among_members_and_not_among_all_who_were_anywhere(
    api: Api,
) -> None:
    there = a_member(full_name="Ada Lovelace")
    NoteAttendee.objects.create(note=Note.objects.get(title="Note 7"), member=there)
    with CaptureQueriesContext(connection) as seen:
        assert titles_of(api, "search=lovelace") == ["Note 7"]

    (plan,) = {plan_of(one["sql"]) for one in seen if "notes_noteattendee" in one["sql"]
               and "instr(" in one["sql"]}  # fmt: skip
    assert "SEARCH notes_noteattendee USING INDEX" in plan, plan


@pytest.mark.usefixtures("notes")
@pytest.mark.parametrize("words", ["launch", "launch note", "la"])
def test_a_search_that_very_many_fit_reads_on_in_an_index_until_the_page_is_full(
    api: Api, words: str
) -> None:
    plans = plans_of(lambda: api.get(f"/notes?search={words}&per_page=7"), "notes_note")

    (reading,) = [sql for sql in plans if "ORDER BY" in sql and "updated_at" in sql]
    assert "notes_by_update" in plans[reading], plans[reading]
    assert not sorts_everything(plans[reading])
    assert "_fts" not in reading


# PostgreSQL reads so few rows as it likes.
@pytest.mark.sqlite_only
@pytest.mark.parametrize("kind", ["notes", "estimates"])
def test_to_add_one_nothing_is_read_of_all_others(api: Api, kind: str) -> None:
    """Of 100,000 that begin alike the slugs were read for each: 0.14 s with the lock of writers."""
    with CaptureQueriesContext(connection) as seen:
        for _ in range(5):
            assert api.post(f"/{kind}", {"title": "Launch"}).status_code == 201
    growing = re.compile(rf'FROM "{kind}_')
    plans = [plan_of(one["sql"]) for one in seen if growing.search(one["sql"])]

    assert len(plans) > 5
    assert [plan for plan in plans if f"SCAN {kind}_" in plan] == []


def test_the_days_above_the_list_of_estimates_are_read_in_an_index() -> None:
    kept = Estimate.objects.filter(superseded_by=None).exclude(created_at=None)
    days = kept.order_by("created_at").values_list("created_at")[:1]
    plan = plan_of(str(days.query))
    assert "estimates_by_creation" in plan
    assert not sorts_everything(plan)


def test_what_is_to_do_is_counted_in_an_index_alone() -> None:
    with CaptureQueriesContext(connection) as seen:
        open_items()
    (read,) = [one["sql"] for one in seen if one["sql"].startswith("SELECT")]
    plan = plan_of(read)  # a transaction may begin with it
    assert "notes_action_to_do" in plan
    assert "COVERING INDEX notes_action_to_do" in plan or connection.vendor == "postgresql", plan
