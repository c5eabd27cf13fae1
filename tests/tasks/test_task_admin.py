"""The page of the background tasks: what failed and why, for whom, and who may run it again."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django_tasks_db.models import DBTaskResult

from syteops.audit.models import AuditEntry
from syteops.tasks.errors import WorkerLost
from tests.background import run_tasks
from tests.fixtures import signed_in
from tests.tasks.samples import hold, repeat, stumble

pytestmark = pytest.mark.django_db

PAGE = "/admin/tasks/backgroundtask/"


@pytest.fixture
def failed() -> str:
    stumble.enqueue()
    (task,) = run_tasks(may_fail=True)
    return f"{PAGE}{task.pk}/"


def allowed(person: User, *codenames: str) -> Client:
    person.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return signed_in(person)


def test_the_list_says_in_plain_words_what_failed_and_why(alice: User, failed: str) -> None:
    hold.enqueue("/nowhere", "x")
    page = signed_in(alice).get(PAGE).content.decode()
    assert "Begin, and end when a file `go-&lt;name&gt;` appears" in page
    for shown in ("Waiting", "Failed", "Fail", "nobody has foreseen (ValueError)"):
        assert shown in page
    assert "Traceback" not in page
    assert "/nowhere" not in page


def test_the_traceback_and_the_arguments_are_for_superusers(
    alice: User, bob: User, failed: str
) -> None:
    assert "Traceback" in signed_in(alice).get(f"{failed}change/").content.decode()
    page = allowed(bob, "view_backgroundtask").get(f"{failed}change/").content.decode()
    assert "nobody has foreseen (ValueError)" in page
    assert "It is too late." not in page
    assert "Traceback" not in page
    assert "args" not in page
    assert "Run again" not in page


def test_what_exceptions_repeat_is_for_superusers(alice: User, bob: User) -> None:
    repeat.enqueue("canary@example.com")
    (task,) = run_tasks(may_fail=True)
    DBTaskResult.objects.filter(pk=task.pk).update(args_kwargs={"args": [], "kwargs": {}})
    client = allowed(bob, "view_backgroundtask")

    for url in (PAGE, f"{PAGE}{task.pk}/change/"):
        page = client.get(url).content.decode()
        assert "nobody has foreseen (ValueError)" in page
        assert "canary" not in page
        assert "DETAIL" not in page
    assert "canary" in signed_in(alice).get(f"{PAGE}{task.pk}/change/").content.decode()


def test_of_a_task_that_kills_its_workers_that_is_said(bob: User) -> None:
    hold.enqueue("/nowhere", "x")
    DBTaskResult.objects.get().set_failed(WorkerLost(5))
    page = allowed(bob, "view_backgroundtask").get(PAGE).content.decode()
    assert "The worker ended 5 times in the middle of this task." in page


def test_without_the_permission_there_is_no_page(bob: User, failed: str) -> None:
    client = signed_in(bob)
    assert client.get(PAGE).status_code == 403
    assert client.get(f"{failed}change/").status_code == 403
    assert "Background tasks" not in client.get("/admin/").content.decode()


def test_run_again_asks_first_then_does_it_and_records_it(alice: User, failed: str) -> None:
    client = signed_in(alice)
    asked = client.get(f"{failed}restart/")
    assert "csrfmiddlewaretoken" in asked.content.decode()
    assert DBTaskResult.objects.get().status == "FAILED"

    answer = client.post(f"{failed}restart/", follow=True)
    assert "waits for a worker now" in answer.content.decode()
    task = DBTaskResult.objects.get()
    assert (task.status, task.traceback, task.worker_ids) == ("READY", "", [])
    entry = AuditEntry.objects.get(event="task.restarted")
    assert (entry.actor_label, entry.object_label) == (alice.username, "Fail")
    assert len(run_tasks(may_fail=True)) == 1


@pytest.mark.parametrize("how", ["running", "waiting", "twice"])
def test_what_has_not_failed_is_not_run_again(alice: User, failed: str, how: str) -> None:
    client = signed_in(alice)
    if how == "twice":
        client.post(f"{failed}restart/")
    else:
        status = {"running": "RUNNING", "waiting": "READY"}[how]
        DBTaskResult.objects.update(status=status)
    before = DBTaskResult.objects.values().get()
    page = client.post(f"{failed}restart/", follow=True).content.decode()
    assert "Only a task that failed can be run again" in page
    assert DBTaskResult.objects.values().get() == before
    assert AuditEntry.objects.filter(event="task.restarted").count() == (how == "twice")


def test_only_who_may_runs_it_again_and_no_other_site_makes_them(
    bob: User, alice: User, failed: str
) -> None:
    client = allowed(bob, "view_backgroundtask")
    assert client.post(f"{failed}restart/").status_code == 403
    assert allowed(bob, "restart_backgroundtask").post(f"{failed}restart/").status_code == 403
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice)
    assert strict.post(f"{failed}restart/").status_code == 403
    assert DBTaskResult.objects.get().status == "FAILED"


def test_a_task_of_code_that_is_gone_is_shown_too(alice: User, failed: str) -> None:
    DBTaskResult.objects.update(task_path="former.module.send_report")
    assert "Send report" in signed_in(alice).get(PAGE).content.decode()
    assert "Send report" in signed_in(alice).get(f"{failed}change/").content.decode()


def test_nobody_adds_changes_or_deletes_one(alice: User, failed: str) -> None:
    client = signed_in(alice)
    assert client.get(f"{PAGE}add/").status_code == 403
    assert client.post(f"{failed}change/", {"status": "READY"}).status_code == 403
    assert client.post(f"{failed}delete/").status_code == 403
    assert client.get("/admin/django_tasks_database/dbtaskresult/").status_code == 404
