import uuid
from typing import TYPE_CHECKING, Any

from django.db import models
from django_tasks_db.models import DBTaskResult

from syteops.core.actors import Actor, ActorKind, Channel
from syteops.core.tasks import TaskResultStatus

if TYPE_CHECKING:
    Stored = DBTaskResult[Any, Any]
else:
    Stored = DBTaskResult


NOT_ENDED = (TaskResultStatus.READY, TaskResultStatus.RUNNING)
"""The states of a task that waits or is being done."""


class BackgroundTask(Stored):
    """A task as people see it. The row is the library's."""

    class Meta:
        proxy = True
        ordering = ("-enqueued_at",)
        verbose_name = "background task"
        default_permissions = ("view",)
        permissions = (("restart_backgroundtask", "Can run background tasks again"),)

    def __str__(self) -> str:
        return self.task_path.rpartition(".")[2].replace("_", " ").capitalize()


class TaskWorker(models.Model):
    """A worker process that is running, or was when it was seen last."""

    id = models.CharField(max_length=100, primary_key=True)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.id


class Job(models.Model):
    """A task for which somebody waits: who asked for it, and what became of it.

    The task itself gets the job's id alone. So whoever asked is the actor of what it changes.
    `needs` are the permissions without which nobody may ask for it. The `seal` proves that somebody
    has, in SyteOps itself: see `jobs.seal_of`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    task = models.UUIDField()
    actor = models.JSONField()
    needs = models.JSONField(default=list)
    seal = models.CharField(max_length=64, default="", db_default="")
    title = models.CharField(max_length=200)
    resource = models.CharField(max_length=100)
    object_id = models.CharField(max_length=100)
    back = models.CharField(max_length=500)
    begun_at = models.DateTimeField(auto_now_add=True, db_index=True)
    ended_at = models.DateTimeField(null=True)
    told = models.TextField()
    problem = models.JSONField(null=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.title

    def get_actor(self) -> Actor:
        """Whoever asked for it, in the request in which they did."""
        kept = dict(self.actor)
        return Actor(kind=ActorKind(kept.pop("kind")), door=Channel(kept.pop("door")), **kept)
