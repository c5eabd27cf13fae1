"""How long suggestions are kept, and with what they go."""

from datetime import timedelta
from threading import Thread

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone

from syteops.ai import erasure, suggestions
from syteops.ai.choices import SuggestionState
from syteops.ai.erasure import forget_suggestions_of
from syteops.ai.models import AiSuggestion
from syteops.ai.services import Completion
from syteops.ai.suggestions import forget_suggestions
from syteops.core.actors import SYSTEM
from syteops.team import services as team
from tests.fixtures import Api
from tests.samples.estimates import a_draft
from tests.samples.notes import a_note
from tests.samples.suggestions import ITEMS, a_suggestion
from tests.samples.team import a_member
from tests.threads import keeps_somebody_waiting
from tests.waiting import PATIENCE, becomes_true

pytestmark = pytest.mark.django_db


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


def test_an_answer_that_comes_while_somebody_is_erased_is_not_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The question was asked before, with the name in it."""
    member, note = a_member(first_name="Zyxwvut"), a_note()
    a_suggestion(note, "notes.summary")
    area = "notes.action_items"
    asked = a_suggestion(note, area, state=SuggestionState.RUNNING, items=[])
    names, told = erasure._names, Completion("", "openai", "small", None)
    answer = [{**ITEMS[area], "text": "Call Zyxwvut"}]

    def named(one: AiSuggestion, known: set[str]) -> bool:
        suggestions._keep(SYSTEM, asked, told, answer)
        return names(one, known)

    monkeypatch.setattr(erasure, "_names", named)
    forget_suggestions_of(SYSTEM, member)

    asked.refresh_from_db()
    assert (asked.state, asked.items) == (SuggestionState.CANCELLED, [])


@pytest.mark.postgresql_only  # on SQLite nothing is begun beside the one that writes
@pytest.mark.django_db(transaction=True)
def test_a_question_begun_while_somebody_is_erased_does_not_name_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The erasure is not committed, and has looked for questions already."""
    member, note = a_member(first_name="Zyxwvut"), a_note()
    prompts: list[str] = []

    def complete(*_: object, prompt: str, **__: object) -> Completion:
        prompts.append(prompt)
        return Completion('{"items": []}', "openai", "small", None)

    def ask() -> None:
        asked = a_suggestion(note, "notes.action_items", state=SuggestionState.RUNNING, items=[])
        suggestions.answer(str(asked.pk), SYSTEM, transaction.atomic)
        connection.close()

    monkeypatch.setattr(suggestions, "complete", complete)
    begun = Thread(target=ask)
    with transaction.atomic():
        team.erase_team_member(SYSTEM, member)
        begun.start()
        assert becomes_true(keeps_somebody_waiting)
        assert prompts == [], "asked with what is being erased"
    begun.join(PATIENCE)

    [prompt] = prompts
    assert "Zyxwvut" not in prompt
