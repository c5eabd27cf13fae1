"""Background tasks: `@task()` over a function, and its `.enqueue(...)` where it is needed.

This is Django's tasks API with its database back end. Enqueued within a transaction, a task is
stored with it or not at all. A worker process runs it soon afterwards: see `syteops.tasks`.

A task runs at least once: one whose worker is killed runs again. So it must be idempotent, and
look at the state of things before it acts. Its arguments are kept as JSON: ids and plain values,
and never a secret.
"""

from typing import TYPE_CHECKING

import django

# What django-tasks has on Django 5.2 is the same API, which Django itself has since version 6.
if TYPE_CHECKING or django.VERSION >= (6,):
    from django.tasks import TaskContext, TaskResult, TaskResultStatus, task
else:
    from django_tasks import TaskContext, TaskResult, TaskResultStatus, task

__all__ = ["TaskContext", "TaskResult", "TaskResultStatus", "task"]
