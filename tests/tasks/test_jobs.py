"""Jobs: what a person waits for, who sees it, and that nothing is stored twice or lost."""

from datetime import timedelta
from typing import Any
from unittest.mock import Mock
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from syteops.ai import client as ai_client
from syteops.ai import tasks as ai_tasks
from syteops.ai.models import AiProvider
from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM, Actor, ActorKind, Channel
from syteops.core.errors import LimitReached
from syteops.integrations.models import IntegrationState
from syteops.tasks import jobs as jobs_module
from syteops.tasks.jobs import begin, clear_words, end, forget_jobs, status_of
from syteops.tasks.models import BackgroundTask, Job
from syteops.tasks.services import restart_task
from syteops.tasks.working import SHUT_OUT, carry_out
from tests.background import run_tasks
from tests.fixtures import signed_in
from tests.tasks.asking import change, press

pytestmark = pytest.mark.django_db


class Killed(BaseException):
    """The end of a worker, as far as the work in it can tell."""


def models() -> list[str]:
    return AiProvider.objects.get(slug="openai").known_models


def test_the_button_asks_nobody_and_the_task_asks_for_the_person(
    page: Client, provider: AiProvider, asked: list[Any], alice: User
) -> None:
    where = press(page, provider)
    assert asked == []
    waits = page.get(where)
    assert "Waiting for its turn" in waits.content.decode()
    assert page.get(f"{where}?state").json() == {
        "over": False,
        "text": "Waiting for its turn …",
        "percent": 0,
    }

    run_tasks()
    assert page.get(f"{where}?state").json()["over"]
    shown = page.get(where, follow=True)
    assert shown.request["PATH_INFO"] == change(provider)
    assert "offers 1 models" in shown.content.decode()
    entry = AuditEntry.objects.filter(event="ai_provider.updated").latest("pk")
    assert (entry.actor_label, entry.door) == ("alice", "admin")
    assert entry.request_id
    assert entry.operation == "ai.update"


def test_the_task_holds_ids_and_no_secret(
    page: Client, provider: AiProvider, asked: list[Any]
) -> None:
    press(page, provider)
    kept = str(list(DBTaskResult.objects.values()))
    assert "canary" not in kept


def test_only_who_began_it_sees_it(
    page: Client, bob: User, provider: AiProvider, asked: list[Any], client: Client
) -> None:
    where = press(page, provider)
    assert signed_in(bob).get(where).status_code == 404
    assert signed_in(bob).get(f"{where}?state").status_code == 404
    assert client.get(where).status_code == 302  # to sign in
    assert page.get(f"{where[:-13]}000000000000/").status_code == 404


def test_what_is_refused_later_is_told_too_and_the_task_has_not_failed(
    page: Client, provider: AiProvider, asked: list[Any]
) -> None:
    where = press(page, provider)
    AiProvider.objects.all().delete()
    (result,) = run_tasks()
    assert result.status == "SUCCESSFUL"
    job = Job.objects.get()
    assert status_of(job) == "failed"
    assert job.problem is not None
    assert job.problem["code"] == "not_found"
    assert asked == []
    assert "messages" in page.get(where).cookies


def test_what_nobody_has_foreseen_is_told_without_details(
    page: Client, provider: AiProvider, asked: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    where = press(page, provider)

    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("password=canary")

    monkeypatch.setattr(ai_client, "list_models", fail)
    (result,) = run_tasks(may_fail=True)
    assert result.status == "FAILED"
    shown = page.get(where, follow=True).content.decode()
    assert "Something went wrong" in shown
    assert "canary" not in shown


# --- A worker that is killed ---------------------------------------------------------------


def attempt(job: Job, provider: AiProvider) -> None:
    ai_tasks.fetch_models.func(str(job.pk), provider.slug)


def killed_in(place: str, job: Job, provider: AiProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(place, _kill)
        with pytest.raises(Killed):
            attempt(job, provider)


def test_killed_before_it_stores_it_asks_again(
    page: Client, provider: AiProvider, asked: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    press(page, provider)
    job = Job.objects.get()
    killed_in("syteops.ai.services.set_known_models", job, provider, monkeypatch)
    attempt(job, provider)
    assert len(asked) == 2
    assert models() == ["small"]


def test_killed_after_it_stored_it_stores_nothing_twice(
    page: Client, provider: AiProvider, asked: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    where = press(page, provider)
    job = Job.objects.get()
    killed_in("syteops.tasks.working.end", job, provider, monkeypatch)
    AiProvider.objects.update(known_models=["changed since"])
    run_tasks()
    assert len(asked) == 1
    assert models() == ["changed since"]
    assert page.get(where).headers["Location"].endswith("/change/")
    job.refresh_from_db()
    assert status_of(job) == "succeeded"


@pytest.mark.parametrize("column", ["is_active", "is_staff"])
def test_nothing_is_done_for_who_was_shut_out_meanwhile(
    page: Client, provider: AiProvider, asked: list[Any], column: str
) -> None:
    press(page, provider)
    User.objects.update(**{column: False})
    run_tasks()
    assert asked == []
    assert models() == []
    assert Job.objects.get().problem == {"code": "permission_denied", "detail": SHUT_OUT}


def test_nor_for_who_is_gone(page: Client, provider: AiProvider, asked: list[Any]) -> None:
    press(page, provider)
    User.objects.all().delete()
    run_tasks()
    assert asked == []


def test_of_two_attempts_at_once_one_stores(
    page: Client, provider: AiProvider, asked: list[Any]
) -> None:
    """As when a frozen worker wakes after its task was given to another."""
    press(page, provider)
    job, stored = Job.objects.get(), []

    def second(actor: Any, storing: Any) -> str:
        with storing():
            stored.append("second")
        return "second"

    def first(actor: Any, storing: Any) -> str:
        carry_out(ai_tasks.fetch_models, str(job.pk), provider.slug, second)
        with storing():
            stored.append("first")
        return "first"

    carry_out(ai_tasks.fetch_models, str(job.pk), provider.slug, first)
    assert stored == ["second"]
    job.refresh_from_db()
    assert job.told == "second"


def test_what_failed_and_is_run_again_is_done(
    page: Client, provider: AiProvider, asked: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was said to wait for a worker, and then to be done, and nothing was."""
    press(page, provider)
    with monkeypatch.context() as broken:
        broken.setattr(ai_client, "list_models", Mock(side_effect=RuntimeError))
        run_tasks(may_fail=True)
    assert status_of(Job.objects.get()) == "failed"
    restart_task(SYSTEM, BackgroundTask.objects.get())
    assert status_of(Job.objects.get()) == "waiting"
    run_tasks()
    assert len(asked) == 1
    assert status_of(Job.objects.get()) == "succeeded"


def test_of_what_is_stored_nobody_is_told_that_nothing_was(
    page: Client, provider: AiProvider, asked: list[Any]
) -> None:
    """As when the connection is lost with the answer to a commit: an import was done twice."""
    press(page, provider)
    job = Job.objects.get()

    def work(actor: Any, storing: Any) -> str:
        with storing():
            pass
        raise RuntimeError

    with pytest.raises(RuntimeError):
        carry_out(ai_tasks.fetch_models, str(job.pk), provider.slug, work)
    assert status_of(Job.objects.get()) == "succeeded"
    DBTaskResult.objects.update(status="FAILED")
    restart_task(SYSTEM, BackgroundTask.objects.get())
    assert Job.objects.get().ended_at, "nor is it done once more"


def test_what_kills_its_worker_each_time_is_told_in_the_end(
    page: Client, provider: AiProvider, asked: list[Any]
) -> None:
    where = press(page, provider)
    DBTaskResult.objects.update(status="RUNNING", worker_ids=[])
    assert "At work" in page.get(where).content.decode()
    DBTaskResult.objects.update(status="FAILED")
    assert "Something went wrong" in page.get(where, follow=True).content.decode()


def test_jobs_are_kept_for_thirty_days(
    page: Client, provider: AiProvider, asked: list[Any]
) -> None:
    press(page, provider)
    Job.objects.update(begun_at=timezone.now() - timedelta(days=29))
    forget_jobs()
    assert Job.objects.exists()
    Job.objects.update(begun_at=timezone.now() - timedelta(days=31))
    forget_jobs()
    assert not Job.objects.exists()


def _kill(*args: Any, **kwargs: Any) -> None:
    raise Killed


@pytest.mark.parametrize(
    "ends", [{"told": "Stored Anna."}, {"problem": {"code": "c", "detail": "Anna"}}]
)
def test_what_ends_after_its_words_were_cleared_has_none(
    provider: AiProvider, ends: dict[str, Any]
) -> None:
    job = begin(SYSTEM, ai_tasks.fetch_models, provider, needs=[], title="Anna.csv" + "x" * 300)
    assert clear_words() == 1
    end(job, **ends)
    job.refresh_from_db()
    assert job.ended_at
    assert "Anna" not in f"{job.title} {job.told} {job.problem}"
    assert clear_words() == 0


def test_words_are_cleared_in_a_few_statements(
    django_assert_max_num_queries: Any,
) -> None:
    """Ten thousand, of a key that asks all day, took three seconds in which nobody could write."""
    problems = [None, {"code": "a", "detail": "Anna"}, {"code": "b", "detail": "Anna"}]
    Job.objects.bulk_create(
        Job(task=uuid4(), actor={}, title="Anna.csv", told="Anna", problem=problems[n % 3])
        for n in range(30)
    )
    with django_assert_max_num_queries(4):
        assert clear_words() == 30
    shown = Job.objects.values_list("title", "told", "problem__code", "problem__detail")
    assert "Anna" not in str([*shown])
    assert {code for *_, code, _ in shown} == {None, "a", "b"}


# --- Very many of one who asks -------------------------------------------------------------


def ask(person: User, provider: AiProvider) -> Any:
    """Begin a job for the person, as each button does."""
    actor = Actor(ActorKind.PERSON, str(person.pk), str(person), Channel.ADMIN, "ai.update")
    return ai_tasks.try_provider(actor, ai_tasks.fetch_models, provider, "Fetch", "")


def test_whoever_begins_very_many_comes_behind_others(
    provider: AiProvider, asked: list[Any], alice: User, bob: User
) -> None:
    """Each may take a minute: one person's thousand kept all others waiting for hours."""
    User.objects.update(is_superuser=True)
    jobs = [ask(bob, provider) for _ in range(6)] + [ask(alice, provider) for _ in range(2)]
    ended = [UUID(one.args_kwargs["args"][0]) for one in run_tasks()]
    places = [ended.index(job.pk) for job in jobs]
    assert places == [0, 1, 2, 5, 6, 7, 3, 4]


def test_one_can_have_so_many_that_have_not_ended(
    provider: AiProvider, asked: list[Any], alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs_module, "MOST_UNDER_WAY", 4)
    page = signed_in(alice)
    for _ in range(4):
        assert "/jobs/" in press(page, provider)
    answer = page.post(change(provider).replace("/change/", "/fetch-models/"), follow=True)
    assert "4 background tasks that have not ended" in answer.content.decode()
    with pytest.raises(LimitReached):
        ask(alice, provider)
    ask(bob, provider)
    assert Job.objects.count() == 5
    run_tasks()
    assert "/jobs/" in press(page, provider)


def test_a_page_that_does_not_foresee_it_answers_no_fault_of_ours(
    page: Client, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    monkeypatch.setattr(jobs_module, "MOST_UNDER_WAY", 0)
    IntegrationState.objects.create(slug="email", config={"recipients": ["a@example.com"]})
    settings.EMAIL_SERVER = {"host": "127.0.0.1"}
    answer = page.post("/admin/integrations/integrationstate/email/test/")
    assert (answer.status_code, "have not ended" in answer.content.decode()) == (429, True)
    assert "<h1>That is too much</h1>" in answer.content.decode()
