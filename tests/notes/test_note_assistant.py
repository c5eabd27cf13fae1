"""AI for notes: a provider's answer is data, and stored only as far as it makes sense."""

import json
from datetime import date
from typing import Any

import pytest
from django.test import Client

from notes import services
from notes.models import Note
from syteops.ai import client as ai_client
from syteops.ai import services as ai
from syteops.ai.models import AiProvider
from syteops.core.actors import SYSTEM
from syteops.team import services as team
from tests.background import outcome

LIST = "/admin/notes/note/"


@pytest.fixture
def note(db) -> Note:
    return services.create_note(
        SYSTEM,
        title="Kick-off",
        content="Ada writes the brief by Friday.",
        action_items=[{"text": "Book a room", "done": True}],
    )


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch, db) -> list[str]:
    """What the provider will answer, one after the other."""
    provider = AiProvider.objects.get(slug="openai")
    ai.update_ai_provider(SYSTEM, provider, default_model="test-model")
    ai.set_secrets(SYSTEM, provider, api_key="sk-canary-1234567890")
    given: list[str] = []

    def ask(question: Any) -> Any:
        assert "Ada writes the brief" in question.prompt
        return ai_client.Answer(text=given.pop(0), usage=(5, 5))

    monkeypatch.setattr(ai_client, "ask", ask)
    return given


def press(page: Client, note: Note, action: str) -> str:
    url = f"{LIST}{note.pk}/{action}/"
    asked = page.get(url)
    assert asked.status_code == 200
    assert "AI provider" in asked.content.decode()
    done = outcome(page, page.post(url, follow=True))
    return " ".join(str(one) for one in done.context["messages"])


@pytest.mark.parametrize("action", ["summarise", "extract-action-items"])
def test_looking_at_the_question_asks_nobody(page: Client, note: Note, answers, action) -> None:
    page.get(f"{LIST}{note.pk}/{action}/")

    assert answers == []
    assert Note.objects.get().excerpt == "Ada writes the brief by Friday."


@pytest.mark.parametrize("action", ["summarise", "extract-action-items"])
def test_without_ai_the_page_says_what_is_missing(page: Client, note: Note, action: str) -> None:
    told = press(page, note, action)

    assert "no AI provider. Choose one, or a default provider." in told
    assert Note.objects.get().action_items.count() == 1


@pytest.mark.parametrize("action", ["summarise", "extract-action-items"])
def test_an_empty_note_is_not_sent(page: Client, note: Note, answers, action: str) -> None:
    services.update_note(SYSTEM, note, content="  \n")

    assert "no content" in press(page, note, action)


def test_a_summary_becomes_the_excerpt_as_plain_text(page: Client, note: Note, answers) -> None:
    answers.append("**Ada** writes\n\nthe <b>brief</b>. " + "x" * 1000)

    assert "summary" in press(page, note, "summarise")

    stored = Note.objects.get()
    assert stored.excerpt.startswith("Ada writes the <b>brief</b>")
    assert len(stored.excerpt) <= 401
    assert stored.excerpt_derived is False


def test_found_items_are_added_and_matched_to_people(page: Client, note: Note, answers) -> None:
    team.create_team_member(SYSTEM, first_name="Ada", last_name="Lovelace")
    found = [
        {"text": "Write the brief", "assignee": "Ada Lovelace", "due_date": "2026-11-27"},
        {"text": "Write the  brief"},
        {"text": "book a ROOM", "done": True},
        {"text": "Ask Eve", "assignee": "Eve", "due_date": "soon", "id": 1, "evil": True},
        {"text": ""},
        {"text": 5},
        "no object",
    ]
    answers.append(f"Sure! Here you are:\n```json\n{json.dumps(found)}\n```")

    assert "2 new action items" in press(page, note, "extract-action-items")

    items = list(Note.objects.get().action_items.all())
    assert [item.text for item in items] == ["Book a room", "Write the brief", "Ask Eve"]
    assert items[0].done is True
    assert str(items[1].assignee) == "Ada Lovelace"
    assert items[1].due_date == date(2026, 11, 27)
    assert (items[2].assignee, items[2].due_date) == (None, None)


def test_pressed_twice_nothing_is_added_twice(page: Client, note: Note, answers) -> None:
    for _ in range(2):
        answers.append('[{"text": "Write the brief"}]')
        told = press(page, note, "extract-action-items")

    assert "Nothing new" in told
    assert Note.objects.get().action_items.count() == 2


@pytest.mark.parametrize(
    "answer", ["I cannot help with that.", "[[[", "{}", "[1, 2", "[" * 5000], ids=range(5)
)
def test_an_unusable_answer_changes_nothing(page: Client, note: Note, answers, answer) -> None:
    answers.append(answer)

    press(page, note, "extract-action-items")

    assert Note.objects.get().action_items.count() == 1


def test_an_answer_about_an_older_text_is_dropped(
    page: Client, note: Note, answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(question: Any) -> Any:
        stored = Note.objects.get()
        services.update_note(SYSTEM, stored, content="Rewritten meanwhile")
        return ai_client.Answer(text="About the old text", usage=None)

    monkeypatch.setattr(ai_client, "ask", slow)

    assert "meanwhile" in press(page, note, "summarise")
    assert Note.objects.get().excerpt == "Rewritten meanwhile"
