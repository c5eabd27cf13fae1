from typing import TYPE_CHECKING, Any

from django.db import models
from django_tasks_db.models import DBTaskResult

if TYPE_CHECKING:
    Stored = DBTaskResult[Any, Any]
else:
    Stored = DBTaskResult


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
