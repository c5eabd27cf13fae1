"""Background tasks: `@task()` over a function, and its `.enqueue(...)` where it is needed.

This is Django's tasks API with its database back end. Enqueued within a transaction, a task is
stored with it or not at all. A worker process runs it soon afterwards: see `syteops.tasks`.

A task runs at least once: one whose worker is killed runs again. So it must be idempotent, and
look at the state of things before it acts. Its arguments are kept as JSON: ids and plain values,
and never a secret. One that may take minutes belongs in the queue `slow`: no queue delays another.
"""

from typing import TYPE_CHECKING, Any

import django
from django.dispatch import receiver

# What django-tasks has on Django 5.2 is the same API, which Django itself has since version 6.
if TYPE_CHECKING or django.VERSION >= (6,):
    from django.tasks import TaskContext, TaskResult, TaskResultStatus, task
    from django.tasks.signals import task_finished
else:
    from django_tasks import TaskContext, TaskResult, TaskResultStatus, task
    from django_tasks.signals import task_finished

__all__ = ["TaskContext", "TaskResult", "TaskResultStatus", "forgets_successes", "task"]

_forgotten: set[str] = set()


def forgets_successes(one: Any) -> Any:
    """Mark a task that runs very often: what became of it is kept only if it failed."""
    _forgotten.add(one.module_path)
    return one


@receiver(task_finished)
def _forget_success(task_result: Any, **kwargs: Any) -> None:
    succeeded = task_result.status == TaskResultStatus.SUCCESSFUL
    if succeeded and task_result.task.module_path in _forgotten:
        task_result.db_result.delete()
