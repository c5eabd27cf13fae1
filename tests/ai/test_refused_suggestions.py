"""What is decided wrongly about a suggestion, and what goes wrong with the provider."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from notes import services as notes
from notes.assistant import Summary
from notes.models import Note
from syteops.ai import queries, services
from syteops.ai.models import AiProvider, AiSuggestion, AiUsage
from syteops.core.actors import SYSTEM
from syteops.modules import services as modules
from syteops.tasks.models import Job
from tests.ai.conftest import FakeProvider, openai_answer
from tests.ai.suggesting import suggest
from tests.background import run_tasks
from tests.fixtures import Api
from tests.samples.estimates import a_draft
from tests.samples.notes import a_note
from tests.samples.suggestions import a_suggestion

pytestmark = pytest.mark.django_db


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
