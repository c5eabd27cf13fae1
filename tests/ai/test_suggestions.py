"""Suggestions over the API: asked for in the background, polled, and decided by who may."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from manage_api.keys import services as keys
from manage_api.keys.models import ManageKey
from notes import services as notes
from notes.assistant import Summary
from notes.models import Note
from syteops.ai import client, services
from syteops.ai.erasure import forget_suggestions_of
from syteops.ai.models import AiProvider, AiSuggestion, AiUsage
from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.tasks.jobs import UNFORESEEN
from syteops.tasks.models import BackgroundTask
from syteops.tasks.services import restart_task
from syteops.team import services as team
from tests.ai.conftest import FakeProvider, openai_answer
from tests.ai.suggesting import ROOT, answer_of, suggest
from tests.background import run_tasks
from tests.fixtures import Api
from tests.samples.estimates import a_draft
from tests.samples.notes import a_note
from tests.samples.suggestions import ITEMS

pytestmark = pytest.mark.django_db

# --- The way of one suggestion -------------------------------------------------------------


@pytest.mark.parametrize("style", ["openai-compatible", "anthropic"])
@pytest.mark.parametrize("area", list(ITEMS))
def test_every_area_works_with_either_protocol(
    api: Api, obliging: FakeProvider, provider: AiProvider, area: str, style: str
) -> None:
    base = obliging.url if style == "anthropic" else f"{obliging.url}/v1"
    services.update_ai_provider(SYSTEM, provider, api_style=style, base_url=base)
    about = a_note() if area.startswith("notes") else a_draft(content="Design.")
    path = f"/{'notes' if area.startswith('notes') else 'estimates'}/{about.pk}"

    asked = api.post(f"{path}/{area.rpartition('.')[2]}/suggest")

    assert asked.json()["status"] == "queued"
    where = asked.headers["Location"].partition(ROOT)[2]
    assert where == f"{path}/suggestions/{asked.json()['suggestion']}"
    assert api.get(where).json()["items"] == []
    run_tasks()
    shown = api.get(where).json()
    assert (shown["status"], shown["problem"]) == ("ready", None)
    assert (shown["input_tokens"], shown["output_tokens"]) == (11, 7)
    [item] = shown["items"]
    assert item["values"].items() >= ITEMS[area].items()
    assert [one["suggestion"] for one in api.get(f"{path}/suggestions").json()["items"]] == [
        shown["suggestion"]
    ]

    before = api.get(path)
    stored = api.post(f"{where}/accept", {"items": [0]}, If_Match=before.headers["ETag"])

    assert stored.status_code == 200
    assert stored.headers["SyteOps-Changed"] == "true"
    assert stored.json()["id"] == about.pk
    assert next(iter(ITEMS[area].values())) in stored.content.decode()
    assert api.get(where).json()["status"] == "accepted"
    again = api.post(f"{where}/accept", {"items": [0]})
    assert (again.status_code, again.headers["SyteOps-Changed"]) == (200, "false")


def test_the_provider_is_given_the_schema_of_the_answer(
    api: Api, obliging: FakeProvider, provider: AiProvider
) -> None:
    suggest(api, a_note(), "action_items")
    run_tasks()

    wanted = obliging.asked[0]["body"]["response_format"]["json_schema"]
    assert wanted["strict"] is True
    item = wanted["schema"]["properties"]["items"]["items"]
    assert item["required"] == ["text", "assignee", "due_date"]
    assert item["additionalProperties"] is False


def test_a_server_that_knows_no_schemas_is_asked_without(
    api: Api, server: FakeProvider, provider: AiProvider
) -> None:
    def answer() -> bytes:
        server.status = 400 if "response_format" in server.asked[-1]["body"] else 200
        return openai_answer(json.dumps(answer_of("notes.summary")), 11, 7)

    server.answer = answer
    where = suggest(api, a_note())
    run_tasks()

    assert api.get(where).json()["status"] == "ready"
    assert ["response_format" in one["body"] for one in server.asked] == [True, False]
    assert AiUsage.objects.get().requests == 1


def test_the_same_text_is_not_asked_about_twice_at_once(api: Api, obliging: FakeProvider) -> None:
    note = a_note()
    first = suggest(api, note)
    again = api.post(f"/notes/{note.pk}/summary/suggest")
    assert again.headers["SyteOps-Changed"] == "false"
    assert again.headers["Location"].endswith(first)
    notes.update_note(SYSTEM, note, content="Another text.")
    assert suggest(api, note) != first


def test_a_cancelled_one_is_never_sent(api: Api, obliging: FakeProvider) -> None:
    where = suggest(api, a_note())

    assert api.post(f"{where}/dismiss").json()["status"] == "cancelled"

    run_tasks()
    assert obliging.asked == []
    assert api.get(where).json()["status"] == "cancelled"
    assert not AiUsage.objects.exists()


Meanwhile = Callable[[Callable[[], Any]], None]


@pytest.fixture
def meanwhile(obliging: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    """Has something happen while the provider answers."""
    asked = client.ask

    def enter(happens: Callable[[], Any]) -> None:
        def ask(question: Any) -> Any:
            told = asked(question)
            happens()
            return told

        monkeypatch.setattr(client, "ask", ask)

    return enter


def test_what_is_answered_after_it_was_cancelled_is_not_kept(
    api: Api, meanwhile: Meanwhile
) -> None:
    where = suggest(api, a_note())
    meanwhile(lambda: api.post(f"{where}/dismiss"))
    run_tasks()

    shown = api.get(where).json()
    assert (shown["status"], shown["items"]) == ("cancelled", [])
    assert AiUsage.objects.get().input_tokens == 11  # it was asked, and that is told


def test_what_is_answered_about_an_object_that_is_gone_is_not_kept(
    api: Api, meanwhile: Meanwhile
) -> None:
    note = a_note()
    suggest(api, note)
    meanwhile(Note.objects.all().delete)

    run_tasks()

    made = AiSuggestion.objects.get()
    assert (made.state, made.items) == ("cancelled", [])


def test_what_is_answered_after_somebody_was_erased_is_not_kept(
    api: Api, meanwhile: Meanwhile
) -> None:
    """What was sent may name the member, and so may the answer."""
    ada = team.create_team_member(SYSTEM, first_name="Ada", last_name="Lovelace")
    where = suggest(api, a_note())
    meanwhile(lambda: forget_suggestions_of(SYSTEM, ada))

    run_tasks()

    shown = api.get(where).json()
    assert (shown["status"], shown["items"]) == ("cancelled", [])


def test_a_worker_that_is_killed_again_and_again_is_told_as_a_failure(
    api: Api, obliging: FakeProvider
) -> None:
    where = suggest(api, a_note())
    AiSuggestion.objects.update(state="running")
    DBTaskResult.objects.update(status="FAILED", finished_at=timezone.now())

    shown = api.get(where).json()

    assert (shown["status"], shown["problem"]["code"]) == ("failed", "internal_error")


@pytest.mark.parametrize(
    ("end", "is_asked"),
    [
        (lambda key: keys.revoke_key(SYSTEM, key), False),
        (lambda key: keys.rotate_key(SYSTEM, key, overlap=timedelta(0)), True),
    ],
    ids=["revoked", "replaced"],
)
def test_nobody_is_asked_for_a_key_that_was_revoked_meanwhile(
    api: Api, obliging: FakeProvider, make_key: Callable[..., str], end: Any, is_asked: bool
) -> None:
    note = a_note()
    where = suggest(Api(make_key("notes_items:read", "notes_items:write")), note)
    end(ManageKey.objects.get(name="Test key"))

    run_tasks()

    assert bool(obliging.asked) == is_asked
    shown = api.get(where).json()
    assert shown["status"] == ("ready" if is_asked else "failed")
    if not is_asked:
        assert shown["problem"]["code"] == "permission_denied"
        where = suggest(api, note)
        run_tasks()
        assert api.get(where).json()["status"] == "ready"


def test_one_whose_worker_was_killed_does_not_stand_in_the_way_of_another(
    api: Api, obliging: FakeProvider
) -> None:
    note = a_note()
    dead = suggest(api, note)
    AiSuggestion.objects.update(state="running")
    DBTaskResult.objects.update(status="FAILED", finished_at=timezone.now())

    where = suggest(api, note)

    assert where != dead
    run_tasks()
    assert api.get(where).json()["status"] == "ready"
    assert [one.state for one in AiSuggestion.objects.order_by("created_at")] == ["failed", "ready"]
    assert api.get(dead).json()["problem"]["code"] == "internal_error"


def test_what_nobody_has_foreseen_is_told_and_the_next_one_is_asked(
    api: Api, obliging: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = a_note()
    with monkeypatch.context() as broken:
        broken.setattr(Summary, "read", lambda self, about, given: 1 / 0)
        where = suggest(api, note)
        run_tasks(may_fail=True)

    made = AiSuggestion.objects.get()
    assert (made.state, made.problem) == ("failed", UNFORESEEN)
    assert made.ended_at is not None
    assert api.get(where).json()["problem"] == UNFORESEEN
    restart_task(SYSTEM, BackgroundTask.objects.get())
    run_tasks()
    assert (api.get(where).json()["status"], len(obliging.asked)) == ("ready", 2)
    assert suggest(api, note) != where


def ask_often(api: Api, note: Note, total: int) -> None:
    while (there := AiSuggestion.objects.count()) < total:
        notes.update_note(SYSTEM, note, content=f"Text {there}")
        suggest(api, note)


def test_a_list_shows_the_newest_fifty_in_as_many_queries_as_a_short_one(
    api: Api, page: Client, obliging: FakeProvider
) -> None:
    note = a_note()
    of_api, of_admin = f"/notes/{note.pk}/suggestions", f"/admin/notes/note/{note.pk}/change/"
    counts = []
    for total in (2, 52):
        ask_often(api, note, total)
        for show in (lambda: api.get(of_api), lambda: page.get(of_admin)):
            show()  # some things are asked once
            with CaptureQueriesContext(connection) as captured:
                show()
            counts.append(len(captured))

    assert counts[:2] == counts[2:]
    newest = AiSuggestion.objects.order_by("-created_at", "id")[:50]
    shown = api.get(of_api).json()["items"]
    assert [one["suggestion"] for one in shown] == [str(one.pk) for one in newest]
    assert page.get(of_admin).content.decode().count("waiting for its turn") == 50


def test_one_whose_worker_was_killed_waits_for_nobody(
    api: Api, page: Client, obliging: FakeProvider
) -> None:
    note = a_note()
    suggest(api, note)
    DBTaskResult.objects.update(status="FAILED", finished_at=timezone.now())

    assert api.get(f"/notes/{note.pk}/suggestions").json()["items"][0]["status"] == "failed"
    shown = page.get(f"/admin/notes/note/{note.pk}/change/").content.decode()
    assert "waiting for its turn" not in shown


def test_each_step_is_in_the_trail_without_a_text(api: Api, obliging: FakeProvider) -> None:
    where = suggest(api, a_note())
    run_tasks()
    api.post(f"{where}/accept", {"items": [0]})

    found = AuditEntry.objects.filter(event__startswith="ai_suggestion.").order_by("pk")
    steps = ["ai_suggestion.created", "ai_suggestion.answered", "ai_suggestion.accepted"]
    assert [one.event for one in found] == steps
    assert {one.actor_kind for one in found} == {"key"}
    assert "Monday" not in str([one.changes for one in found])


def test_what_was_accepted_is_undone_like_any_change(api: Api, obliging: FakeProvider) -> None:
    note = a_note()
    where = suggest(api, note)
    run_tasks()
    before = note.excerpt
    api.post(f"{where}/accept", {"items": [0]})
    entry = AuditEntry.objects.get(event="note.updated")

    assert api.post(f"/audit/{entry.pk}/revert?confirm=true").status_code == 200

    note.refresh_from_db()
    assert note.excerpt == before


# --- Usage ---------------------------------------------------------------------------------


def test_usage_is_kept_for_each_person_and_key_and_has_a_cost_where_prices_are_set(
    api: Api, alice: User, as_person: Callable[[User], Api], obliging: FakeProvider
) -> None:
    suggest(api, a_note())
    suggest(as_person(alice), a_note())
    run_tasks()

    shown = api.get("/ai/usage").json()["usage"]
    key = ManageKey.objects.get()
    assert {(one["actor_kind"], one["actor_id"], one["actor"]) for one in shown} == {
        ("key", key.public_id, f"{key.name} ({key.hint})"),
        ("person", str(alice.pk), "alice"),
    }
    assert {one["cost"] for one in shown} == {None}

    provider = AiProvider.objects.get(slug="local")
    services.update_ai_provider(SYSTEM, provider, input_price="3", output_price="15")
    costs = {one["cost"] for one in api.get("/ai/usage").json()["usage"]}
    assert costs == {"0.000138"}  # 11 at 3 and 7 at 15 a million
