"""`tasks.get`: how far a task is, for whoever began it and for who may read its object."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from manage_api.keys.models import ManageKey
from syteops.ai.tasks import make_suggestion
from syteops.core.actors import Actor, ActorKind, Channel
from syteops.core.errors import Conflict
from syteops.tasks.jobs import begin
from syteops.tasks.models import Job
from syteops.tasks.working import carry_out
from tests.fixtures import Api
from tests.samples.notes import a_note
from tests.samples.tasks import a_job

pytestmark = pytest.mark.django_db


def status(api: Api, job: Job) -> Any:
    return api.get(f"/tasks/{job.pk}").json()


def test_it_tells_how_far_the_task_is(api: Api) -> None:
    job = a_job()
    shown = status(api, job)
    assert (shown["status"], shown["told"], shown["problem"]) == ("waiting", "", None)
    assert (shown["resource"], shown["ended_at"]) == ("notes_items", None)

    DBTaskResult.objects.update(status="RUNNING")
    assert status(api, job)["status"] == "running"

    carry_out(make_suggestion, str(job.pk), job.object_id, lambda actor, storing: "All is well.")
    shown = status(api, job)
    assert (shown["status"], shown["told"], shown["problem"]) == ("succeeded", "All is well.", None)
    assert shown["ended_at"] is not None


def test_a_refusal_is_told_as_it_would_be_at_once(api: Api) -> None:
    job = a_job()

    def refuse(actor: Any, storing: Any) -> str:
        raise Conflict("Somebody was faster.")

    carry_out(make_suggestion, str(job.pk), job.object_id, refuse)
    shown = status(api, job)
    assert shown["status"] == "failed"
    assert shown["problem"] == {"code": "conflict", "detail": "Somebody was faster."}


def test_a_task_that_was_given_up_has_failed(api: Api) -> None:
    job = a_job()
    DBTaskResult.objects.update(status="FAILED", finished_at=timezone.now())
    assert status(api, job)["problem"]["code"] == "internal_error"


def test_to_who_may_not_read_the_object_it_does_not_exist(make_key: Callable[..., str]) -> None:
    job = a_job()
    other = Api(make_key("tasks:read", "crm:read"))
    hidden, nowhere = other.get(f"/tasks/{job.pk}"), other.get(f"/tasks/{job.pk}"[:-1] + "0")
    assert (hidden.status_code, nowhere.status_code) == (404, 404)
    assert hidden.json()["detail"] == nowhere.json()["detail"]
    assert Api(make_key("notes_items:read")).get(f"/tasks/{job.pk}").status_code == 403
    reader = Api(make_key("tasks:read", "notes_items:read"))
    assert reader.get(f"/tasks/{job.pk}").status_code == 200


def test_whoever_began_it_sees_it_whatever_else_it_may_read(make_key: Callable[..., str]) -> None:
    text = make_key("tasks:read", name="Mine")
    key = ManageKey.objects.get(name="Mine")
    actor = Actor(ActorKind.KEY, key.public_id, key.name, Channel.REST)
    job = begin(actor, make_suggestion, a_note(), needs=[], title="Suggest a summary")
    assert status(Api(text), job)["status"] == "waiting"
    other = make_key("tasks:read", name="Another")
    assert Api(other).get(f"/tasks/{job.pk}").status_code == 404


def test_a_person_needs_the_permission_to_view_tasks(
    bob: User, as_person: Callable[[User], Api]
) -> None:
    job = a_job()
    assert as_person(bob).get(f"/tasks/{job.pk}").status_code == 403
    names = ("view_backgroundtask", "view_note")
    bob.user_permissions.set(Permission.objects.filter(codename__in=names))
    assert as_person(User.objects.get(pk=bob.pk)).get(f"/tasks/{job.pk}").status_code == 200


@pytest.mark.parametrize("name", ["1", "%00", "x" * 300, "0B54A7D2-0000-4000-8000-000000000000"])
def test_what_can_name_no_task_is_not_found(api: Api, name: str) -> None:
    assert api.get(f"/tasks/{name}").status_code == 404
