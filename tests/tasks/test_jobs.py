"""Jobs: what a person waits for, who sees it, and that nothing is stored twice or lost."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from notes import services as notes
from notes import tasks as notes_tasks
from notes.models import Note
from syteops.ai import client as ai_client
from syteops.ai import services as ai
from syteops.ai.models import AiAreaSettings, AiProvider
from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.tasks.jobs import carry_out, forget_jobs, status_of
from syteops.tasks.models import Job
from tests.background import run_tasks
from tests.fixtures import signed_in

pytestmark = pytest.mark.django_db


class Killed(BaseException):
    """The end of a worker, as far as the work in it can tell."""


@pytest.fixture
def note(db: None) -> Note:
    return notes.create_note(SYSTEM, title="Kick-off", content="Ada writes the brief.")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, db: None) -> list[Any]:
    """What the provider was asked; it answers each time."""
    provider = AiProvider.objects.get(slug="openai")
    ai.update_ai_provider(SYSTEM, provider, default_model="test-model")
    ai.set_secrets(SYSTEM, provider, api_key="sk-canary-1234567890")
    questions: list[Any] = []

    def ask(question: Any) -> Any:
        questions.append(question)
        return ai_client.Answer(text="Ada writes.", usage=(5, 5))

    monkeypatch.setattr(ai_client, "ask", ask)
    return questions


def press(page: Client, note: Note) -> str:
    """Begin a summary; where its progress is shown."""
    return str(page.post(f"/admin/notes/note/{note.pk}/summarise/").headers["Location"])


def test_the_button_asks_nobody_and_the_task_asks_for_the_person(
    page: Client, note: Note, asked: list[Any], alice: User
) -> None:
    where = press(page, note)
    assert asked == []
    waits = page.get(where)
    assert "Waiting for its turn" in waits.content.decode()
    assert page.get(f"{where}?state").json() == {
        "over": False,
        "text": "Waiting for its turn …",
    }

    run_tasks()
    assert page.get(f"{where}?state").json()["over"]
    shown = page.get(where, follow=True)
    assert shown.request["PATH_INFO"] == f"/admin/notes/note/{note.pk}/change/"
    assert "summary now" in shown.content.decode()
    for event in ("note.updated", "ai_area.asked"):
        entry = AuditEntry.objects.filter(event=event).latest("pk")
        assert (entry.actor_label, entry.door) == ("alice", "admin")
        assert entry.request_id
        assert entry.operation == "notes_items.update"


def test_the_task_holds_ids_and_no_text_of_the_note_or_secret(
    page: Client, note: Note, asked: list[Any]
) -> None:
    press(page, note)
    kept = str(list(DBTaskResult.objects.values()))
    assert "brief" not in kept
    assert "canary" not in kept


def test_only_who_began_it_sees_it(
    page: Client, bob: User, note: Note, asked: list[Any], client: Client
) -> None:
    where = press(page, note)
    assert signed_in(bob).get(where).status_code == 404
    assert signed_in(bob).get(f"{where}?state").status_code == 404
    assert client.get(where).status_code == 302  # to sign in
    assert page.get(f"{where[:-13]}000000000000/").status_code == 404


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"enabled": False}, "is switched off"),
        ({"requests_per_day": 1}, "has used its 1 requests of today"),
        ({"tokens_per_month": 10}, "of its 10 tokens"),
    ],
)
def test_what_is_known_is_refused_at_once(
    page: Client, note: Note, asked: list[Any], change: dict[str, Any], told: str
) -> None:
    settings = AiAreaSettings.objects.get(area="notes.summary")
    ai.complete(SYSTEM, "notes.summary", system="", prompt="")  # one request of today
    ai.update_ai_area(SYSTEM, settings, **change)
    shown = page.post(f"/admin/notes/note/{note.pk}/summarise/", follow=True)
    assert told in " ".join(str(one) for one in shown.context["messages"])
    assert not Job.objects.exists()
    assert not DBTaskResult.objects.exists()


def test_what_is_refused_later_is_told_too_and_the_task_has_not_failed(
    page: Client, note: Note, asked: list[Any]
) -> None:
    where = press(page, note)
    Note.objects.all().delete()
    (result,) = run_tasks()
    assert result.status == "SUCCESSFUL"
    job = Job.objects.get()
    assert status_of(job) == "failed"
    assert job.problem is not None
    assert job.problem["code"] == "not_found"
    assert asked == []
    assert "messages" in page.get(where).cookies


def test_what_nobody_has_foreseen_is_told_without_details(
    page: Client, note: Note, asked: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    where = press(page, note)

    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("password=canary")

    monkeypatch.setattr("notes.assistant.complete", fail)
    (result,) = run_tasks(may_fail=True)
    assert result.status == "FAILED"
    shown = page.get(where, follow=True).content.decode()
    assert "Something went wrong" in shown
    assert "canary" not in shown


# --- A worker that is killed ---------------------------------------------------------------


def attempt(job: Job, note: Note) -> None:
    notes_tasks.summarise.func(str(job.pk), note.pk)


def killed_in(place: str, job: Job, note: Note, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(place, _kill)
        with pytest.raises(Killed):
            attempt(job, note)


def test_killed_before_it_stores_it_asks_again(
    page: Client, note: Note, asked: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    press(page, note)
    job = Job.objects.get()
    killed_in("notes.assistant.excerpt", job, note, monkeypatch)
    attempt(job, note)
    assert len(asked) == 2
    assert Note.objects.get().excerpt == "Ada writes."


def test_killed_after_it_stored_it_stores_nothing_twice(
    page: Client, note: Note, asked: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    where = press(page, note)
    job = Job.objects.get()
    killed_in("syteops.tasks.jobs._end", job, note, monkeypatch)
    notes.update_note(SYSTEM, Note.objects.get(), excerpt="Written by hand since.")
    run_tasks()
    assert len(asked) == 1
    assert Note.objects.get().excerpt == "Written by hand since."
    assert page.get(where).headers["Location"].endswith("/change/")
    job.refresh_from_db()
    assert status_of(job) == "succeeded"


def test_of_two_attempts_at_once_one_stores(page: Client, note: Note, asked: list[Any]) -> None:
    """As when a frozen worker wakes after its task was given to another."""
    press(page, note)
    job, stored = Job.objects.get(), []

    def second(actor: Any, storing: Any) -> str:
        with storing():
            stored.append("second")
        return "second"

    def first(actor: Any, storing: Any) -> str:
        carry_out(str(job.pk), second)
        with storing():
            stored.append("first")
        return "first"

    carry_out(str(job.pk), first)
    assert stored == ["second"]
    job.refresh_from_db()
    assert job.told == "second"


def test_what_kills_its_worker_each_time_is_told_in_the_end(
    page: Client, note: Note, asked: list[Any]
) -> None:
    where = press(page, note)
    DBTaskResult.objects.update(status="RUNNING", worker_ids=[])
    assert "At work" in page.get(where).content.decode()
    DBTaskResult.objects.update(status="FAILED")
    assert "Something went wrong" in page.get(where, follow=True).content.decode()


def test_jobs_are_kept_for_thirty_days(page: Client, note: Note, asked: list[Any]) -> None:
    press(page, note)
    Job.objects.update(begun_at=timezone.now() - timedelta(days=29))
    forget_jobs()
    assert Job.objects.exists()
    Job.objects.update(begun_at=timezone.now() - timedelta(days=31))
    forget_jobs()
    assert not Job.objects.exists()


def _kill(*args: Any, **kwargs: Any) -> None:
    raise Killed
