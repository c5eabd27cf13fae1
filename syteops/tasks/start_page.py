"""What the start page shows of background tasks: those that failed, and that nobody runs them."""

from collections.abc import Iterator
from typing import Any

from django.urls import reverse

from syteops.core.start_page import Need, counted, needs
from syteops.core.tasks import TaskResultStatus
from syteops.tasks.models import BackgroundTask
from syteops.tasks.queries import tasks_are_stuck


@needs("tasks.view_backgroundtask")
def tell_failed(person: Any) -> Iterator[Need]:
    """What did not work, and what does not run at all."""
    url = reverse("admin:tasks_backgroundtask_changelist")
    if tasks_are_stuck():
        text = "Background tasks wait and no worker runs. Start manage.py worker."
        yield Need("bad", "pending_actions", text, url)
    failed = TaskResultStatus.FAILED
    if count := BackgroundTask.objects.filter(status=failed).count():
        what = counted(count, "background task", "background tasks")
        text = f"{what} failed. Look why, and run again what is still wanted."
        address = f"{url}?status__exact={failed.value}"
        yield Need("warn", "schedule", text, address, count=count)
