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

from manage_api.keys.models import ManageKey
from notes import services as notes
from notes.assistant import Summary
from notes.models import Note
from syteops.ai import client, queries, services
from syteops.ai.areas import all_areas
from syteops.ai.erasure import forget_suggestions_of
from syteops.ai.models import AiProvider, AiSuggestion, AiUsage
from syteops.ai.suggestions import forget_suggestions
from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.modules import services as modules
from syteops.tasks.jobs import UNFORESEEN
from syteops.tasks.models import Job
from syteops.team import services as team
from tests.ai.conftest import FakeProvider, openai_answer
from tests.background import run_tasks
from tests.fixtures import Api
from tests.samples.estimates import a_draft
from tests.samples.notes import a_note
from tests.samples.suggestions import ITEMS, a_suggestion

pytestmark = pytest.mark.django_db

ROOT = "/api/manage/v1"


def answer_of(area: str) -> dict[str, Any]:
    return {"items": [ITEMS[area]]}


@pytest.fixture
def obliging(server: FakeProvider, provider: AiProvider) -> FakeProvider:
    """A provider that answers each area with one good item, in either protocol."""

    def answer() -> bytes:
        asked = server.asked[-1]
        fields = json.dumps(asked["body"])
        area = next(one for one in ITEMS if all(name in fields for name in _fields(one)))
        if asked["path"] == "/v1/messages":
            part = {"type": "tool_use", "name": "answer", "input": answer_of(area)}
            usage = {"input_tokens": 11, "output_tokens": 7}
            return json.dumps({"content": [part], "usage": usage}).encode()
        return openai_answer(json.dumps(answer_of(area)), 11, 7)

    server.answer = answer
    return server


def _fields(area: str) -> Any:
    return all_areas()[area].get_suggests().properties


def suggest(api: Api, note: Note, area: str = "summary") -> str:
    """The address at which to ask about the suggestion."""
    answer = api.post(f"/notes/{note.pk}/{area}/suggest")
    assert answer.status_code == 202, answer.json()
    return str(answer.headers["Location"]).partition(ROOT)[2]


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


# --- Decided wrongly -----------------------------------------------------------------------


@pytest.mark.parametrize("chosen", [[1], [0, 7], [49]])
def test_items_that_it_does_not_have_are_refused(api: Api, chosen: list[int]) -> None:
    note = a_note()
    made = a_suggestion(note, "notes.summary")
    answer = api.post(f"/notes/{note.pk}/suggestions/{made.pk}/accept", {"items": chosen})
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert "Choose some of the 1 items" in answer.json()["detail"]
    made.refresh_from_db()
    assert made.state == "ready"


@pytest.mark.parametrize(
    "state", ["queued", "running", "dismissed", "failed", "cancelled", "accepted"]
)
def test_only_one_that_is_ready_is_accepted(api: Api, state: str) -> None:
    note = a_note()
    made = a_suggestion(note, "notes.summary", state=state)
    answer = api.post(f"/notes/{note.pk}/suggestions/{made.pk}/accept", {"items": [0]})
    assert (answer.status_code, answer.json()["state"]) == (409, state)
    assert Note.objects.get().excerpt == note.excerpt


def test_a_suggestion_whose_object_was_changed_is_refused(api: Api) -> None:
    note = a_note()
    made = a_suggestion(note, "notes.summary")
    notes.update_note(SYSTEM, note, content="Rewritten.")
    answer = api.post(f"/notes/{note.pk}/suggestions/{made.pk}/accept", {"items": [0]})
    assert answer.status_code == 409
    assert "Ask again" in answer.json()["detail"]
    made.refresh_from_db()
    assert made.state == "ready"


def test_what_the_object_refuses_leaves_the_suggestion_as_it_was(
    api: Api,
) -> None:
    """One transaction: what is stored of the object and of the suggestion."""
    note = a_note()
    made = a_suggestion(note, "notes.summary", {"summary": "x" * 1000})
    answer = api.post(f"/notes/{note.pk}/suggestions/{made.pk}/accept", {"items": [0]})
    assert answer.status_code == 400
    made.refresh_from_db()
    assert made.state == "ready"


def test_one_of_another_object_is_not_found(api: Api) -> None:
    note, other, estimate = a_note(), a_note(), a_draft(content="Design")
    made = a_suggestion(note, "notes.summary")
    AiSuggestion.objects.filter(pk=made.pk).update(object_id=str(note.pk))
    for path in (f"/notes/{other.pk}", f"/estimates/{estimate.pk}", "/notes/999999"):
        assert api.get(f"{path}/suggestions/{made.pk}").status_code == 404
        assert api.post(f"{path}/suggestions/{made.pk}/dismiss").status_code == 404


def test_who_may_not_read_the_note_learns_the_id_and_nothing_else(
    obliging: FakeProvider, make_key: Callable[..., str]
) -> None:
    note = a_note()
    writer = Api(make_key("notes_items:write"))
    answer = writer.post(f"/notes/{note.pk}/summary/suggest")
    assert answer.json().keys() == {"suggestion"}
    run_tasks()
    assert writer.get(answer.headers["Location"]).status_code == 403
    reader = Api(make_key("notes_items:read"))
    assert reader.get(answer.headers["Location"]).json()["status"] == "ready"
    assert reader.post(f"/notes/{note.pk}/summary/suggest").status_code == 403


def test_of_an_inactive_module_nothing_is_asked(
    api: Api, obliging: FakeProvider, provider: AiProvider
) -> None:
    where = suggest(api, a_note())
    modules.deactivate(SYSTEM, modules.locked_state("notes"))
    run_tasks()
    assert obliging.asked == []
    assert api.get(where).json()["code"] == "module_inactive"
    modules.activate(SYSTEM, modules.locked_state("notes"))
    assert api.get(where).json()["problem"]["code"] == "module_inactive"


def test_a_limit_is_told_at_once(api: Api, obliging: FakeProvider) -> None:
    settings = queries.get_area_state("notes.summary").settings
    services.update_ai_area(SYSTEM, settings, tokens_per_month=10)
    answer = api.post(f"/notes/{a_note().pk}/summary/suggest")
    assert (answer.status_code, answer.json()["code"]) == (409, "limit_reached")
    assert not Job.objects.exists()


# --- What goes wrong with the provider -----------------------------------------------------


@pytest.mark.parametrize("style", ["openai-compatible", "anthropic"])
@pytest.mark.parametrize(
    ("status", "told"),
    [(401, "refused the API key"), (429, "asked too often"), (500, "has a problem (HTTP 500)")],
)
def test_a_refusal_is_told_in_its_own_words_and_costs_nothing(
    api: Api, server: FakeProvider, provider: AiProvider, style: str, status: int, told: str
) -> None:
    services.update_ai_provider(SYSTEM, provider, api_style=style)
    server.status = status
    where = suggest(api, a_note())
    run_tasks()

    shown = api.get(where).json()
    assert shown["status"] == "failed"
    assert told in shown["problem"]["detail"]
    used = AiUsage.objects.get()
    assert (used.input_tokens, used.output_tokens, used.reserved_tokens) == (0, 0, 0)


@pytest.mark.parametrize("style", ["openai-compatible", "anthropic"])
@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"<html>", "did not answer with JSON"),
        (b"{}", "something else than its API promises"),
        (b'{"choices": 5, "content": 5}', "something else than its API promises"),
    ],
)
def test_garbage_is_told_as_such(
    api: Api, server: FakeProvider, provider: AiProvider, style: str, answer: bytes, told: str
) -> None:
    services.update_ai_provider(SYSTEM, provider, api_style=style)
    server.answer = lambda: answer
    where = suggest(api, a_note())
    run_tasks()
    assert told in api.get(where).json()["problem"]["detail"]


def test_an_answer_that_was_cut_off_says_what_to_allow(
    api: Api, server: FakeProvider, provider: AiProvider
) -> None:
    choice = {"message": {"content": '{"items": ['}, "finish_reason": "length"}
    usage = {"prompt_tokens": 5, "completion_tokens": 1024}
    server.answer = lambda: json.dumps({"choices": [choice], "usage": usage}).encode()
    where = suggest(api, a_note())
    run_tasks()
    assert "more max_tokens" in api.get(where).json()["problem"]["detail"]
    assert AiUsage.objects.get().output_tokens == 1024


BAD = ["a\ud800b", "a\x00b", "a\x1bb", "a\u202eb", "", " \u200b", ["a", {"b": "\u2066"}]]


@pytest.mark.parametrize("bad", BAD, ids=range(len(BAD)))
def test_an_item_with_a_text_that_cannot_be_stored_or_seen_is_left_out_whatever_the_area(
    api: Api, server: FakeProvider, provider: AiProvider, monkeypatch: pytest.MonkeyPatch, bad: Any
) -> None:
    """Say that an area trusts what it reads."""
    read = [{"summary": "Good\nas gold."}, {"summary": bad}]
    server.answer = lambda: openai_answer("[{}, {}]")
    monkeypatch.setattr(Summary, "read", lambda self, about, given: read.pop(0))
    where = suggest(api, a_note())
    run_tasks()
    [item] = api.get(where).json()["items"]
    assert item["values"] == {"summary": "Good\nas gold."}


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


# --- Forgotten -----------------------------------------------------------------------------


def test_suggestions_are_kept_for_thirty_days(api: Api) -> None:
    made = a_suggestion(a_note(), "notes.summary")
    for days, kept in ((29, True), (31, False)):
        AiSuggestion.objects.update(created_at=timezone.now() - timedelta(days=days))
        forget_suggestions()
        assert AiSuggestion.objects.filter(pk=made.pk).exists() is kept


@pytest.mark.parametrize("area", list(ITEMS))
def test_those_for_an_object_go_with_it(api: Api, area: str) -> None:
    make = a_note if area.startswith("notes") else lambda: a_draft(content="Design.")
    about, other = make(), make()
    gone, kept = a_suggestion(about, area), a_suggestion(other, area)
    resource = "notes" if area.startswith("notes") else "estimates"

    assert api.delete(f"/{resource}/{about.pk}?confirm=true").status_code in (200, 204)

    assert not AiSuggestion.objects.filter(pk=gone.pk).exists()
    assert AiSuggestion.objects.filter(pk=kept.pk).exists()


def test_one_that_is_accepted_keeps_no_text(api: Api) -> None:
    note = a_note()
    items = [{**ITEMS["notes.action_items"], "text": text} for text in ("Write", "Canary")]
    made = a_suggestion(note, "notes.action_items", *items)
    where = f"/notes/{note.pk}/suggestions/{made.pk}"

    assert "Canary" not in api.post(f"{where}/accept", {"items": [0]}).content.decode()

    shown = api.get(where).json()
    assert (shown["items"], shown["accepted"]) == ([], [0])
    assert AiSuggestion.objects.get().items == []


def test_erasing_a_member_takes_along_what_names_them_and_what_they_asked_for(
    alice: User,
) -> None:
    note = a_note()
    ada = team.create_team_member(SYSTEM, first_name="Ada", last_name="Lovelace", user=alice)
    named = a_suggestion(note, "notes.summary", {"summary": "Then Ada Lovelace spoke."})
    asked = a_suggestion(note, "notes.summary", actor_kind="person", actor_id=str(alice.pk))
    other = a_suggestion(note, "notes.summary")

    assert forget_suggestions_of(SYSTEM, ada) == 2

    assert [one.pk for one in AiSuggestion.objects.all()] == [other.pk]
    assert {named.pk, asked.pk}.isdisjoint({other.pk})
