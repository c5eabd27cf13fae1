"""What tests of mailed estimates look at."""

from datetime import timedelta
from email.message import EmailMessage

from django_tasks_db.models import DBTaskResult

from estimates.links import client_path
from estimates.models import Estimate
from syteops.audit.models import AuditEntry
from syteops.core.tasks import TaskResultStatus


def text_of(mail: EmailMessage, kind: str = "plain") -> str:
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def link(estimate: Estimate) -> str:
    return f"https://ops.example.com{client_path(estimate)}"


def pass_time(**time: int) -> None:
    """As if that much time had passed for the tasks that wait."""
    for one in DBTaskResult.objects.filter(status=TaskResultStatus.READY):
        one.run_after -= timedelta(**time)
        one.save(update_fields=["run_after"])


def events() -> list[str]:
    return [*AuditEntry.objects.order_by("id").values_list("event", flat=True)]
