"""Jobs that were altered in the database, and would be done with the rights of somebody else."""

from typing import Any

import pytest
from django.test import Client
from django_tasks_db.models import DBTaskResult

from syteops.ai import tasks as ai_tasks
from syteops.ai.models import AiProvider
from syteops.tasks.errors import TaskAltered
from syteops.tasks.models import Job
from syteops.tasks.queries import reason_of
from syteops.tasks.working import carry_out
from tests.background import run_tasks
from tests.each import each
from tests.tasks.asking import press

pytestmark = pytest.mark.django_db


def _args(*args: str) -> Any:
    return {"args_kwargs": {"args": args, "kwargs": {}}}


@each(
    ("model", "altered"),
    [
        (Job, lambda job: {"actor": {**job.actor, "kind": "system"}}),
        (Job, lambda job: {"actor": {**job.actor, "id": "1000"}}),
        (Job, lambda job: {"needs": []}),
        (Job, lambda job: {"object_id": "other"}),
        (Job, lambda job: {"seal": ""}),
        (DBTaskResult, lambda job: _args(str(job.pk), "other")),
        (DBTaskResult, lambda job: {"task_path": ai_tasks.check_connection.module_path}),
    ],
)
def test_what_was_altered_in_the_database_is_not_done(
    page: Client, provider: AiProvider, asked: list[Any], model: Any, altered: Any
) -> None:
    """Whoever writes there had anything done with the rights, and in the name, of somebody else."""
    press(page, provider)
    model.objects.update(**altered(Job.objects.get()))
    (done,) = run_tasks(may_fail=True)
    assert asked == []
    assert "altered in the database" in reason_of(done)
    assert "permission_denied" in str(Job.objects.get().problem)


def test_what_is_altered_at_work_is_not_stored(
    page: Client, provider: AiProvider, asked: list[Any]
) -> None:
    press(page, provider)
    job = Job.objects.get()

    def work(actor: Any, storing: Any) -> str:
        Job.objects.update(needs=[])
        with storing():
            return "stored"

    with pytest.raises(TaskAltered):
        carry_out(ai_tasks.fetch_models, str(job.pk), provider.slug, work)
    job.refresh_from_db()
    assert not job.told
