"""Mails that are queued, of every kind: the worker is killed at each step of each attempt."""

from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

import pytest
from django.contrib.auth.models import User
from django_tasks_db.models import DBTaskResult

from estimates import mailing as clients
from syteops.core.tasks import TaskResultStatus
from syteops.integrations.mail import why_no_links
from syteops.integrations.queued_mail import RETRIES, MailQueue, MailState
from syteops.invitations import mailing as invitations
from syteops.invitations.services import create_invitation
from tests.background import run_tasks
from tests.estimates.mails import pass_time
from tests.integrations.mailing import site_with_mail
from tests.integrations.smtp_sink import SmtpSink
from tests.invitations.invited import as_person
from tests.samples.estimates import a_sent_one

pytestmark = pytest.mark.django_db

Mailed = tuple[MailQueue[Any], Any]


def _estimate(inviter: User) -> Mailed:
    return clients.MAILS, a_sent_one()


def _invitation(inviter: User) -> Mailed:
    issued = create_invitation(as_person(inviter), email="dora@example.com")
    return invitations.MAILS, issued.invitation


KINDS: dict[str, Callable[[User], Mailed]] = {"estimate": _estimate, "invitation": _invitation}


@pytest.fixture
def sink(settings: Any) -> Iterator[SmtpSink]:
    with site_with_mail(settings) as started:
        yield started


@pytest.fixture(params=KINDS)
def mailed(request: Any, sink: SmtpSink, alice: User) -> Mailed:
    return KINDS[request.param](alice)


def attempts_queued() -> list[int]:
    """The numbers of the attempts that wait."""
    ready = DBTaskResult.objects.filter(status=TaskResultStatus.READY)
    return [one.args_kwargs["args"][-1] for one in ready]


def test_every_kind_of_queued_mail_is_walked(alice: User, sink: SmtpSink) -> None:
    walked = {type(make(alice)[0]) for make in KINDS.values()}
    assert set(MailQueue.__subclasses__()) == walked


def test_a_task_that_runs_again_begins_no_second_chain(mailed: Mailed, sink: SmtpSink) -> None:
    queue, about = mailed
    sink.replies["RCPT"] = "451 later"
    for number in range(len(RETRIES)):
        run_tasks()
        # Each worker was killed right after it had noted what came of the attempt.
        for _ in range(3):
            queue.task.call(*queue.key(about), number)
        assert attempts_queued() == [number + 1]
        pass_time(hours=13)
    run_tasks()
    queue.task.call(*queue.key(about), len(RETRIES))
    about.refresh_from_db()
    assert (about.mail_state, attempts_queued(), sink.mails) == ("failed", [], [])


@pytest.mark.parametrize(
    ("reply", "step"),
    [(one, step) for one in ("", "451 later") for step in ("write", "_try", "note")]
    + [("451 later", "_queue_again")],
)
def test_a_worker_killed_anywhere_has_the_same_mail_sent_by_another(
    mailed: Mailed, sink: SmtpSink, reply: str, step: str
) -> None:
    queue, about = mailed
    if reply:
        sink.replies["RCPT"] = reply
    done = getattr(queue, step)

    def killed(*args: Any) -> None:
        done(*args)
        raise SystemExit

    with patch.object(queue, step, killed), pytest.raises(SystemExit):
        queue.task.call(*queue.key(about), 0)
    run_tasks()
    assert len(attempts_queued()) == (1 if reply else 0)
    sink.replies.clear()
    pass_time(minutes=2)
    run_tasks()

    about.refresh_from_db()
    assert (about.mail_state, attempts_queued()) == ("sent", [])
    assert len({one["Message-ID"] for one in sink.mails}) == 1
    assert len(sink.mails) == (2 if (reply, step) == ("", "_try") else 1)


def test_whoever_lost_the_address_of_the_site_sends_no_link_to_nowhere(
    mailed: Mailed, sink: SmtpSink, settings: Any
) -> None:
    _, about = mailed
    settings.SITE_URL = ""

    run_tasks()

    about.refresh_from_db()
    assert (about.mail_state, sink.mails) == (MailState.FAILED, [])


def test_what_is_to_be_set_is_said_in_good_english(settings: Any) -> None:
    settings.EMAIL_SERVER, settings.SITE_URL = None, ""
    assert "once EMAIL_URL and SITE_URL are set" in why_no_links("Clients")
    settings.SITE_URL = "https://ops.example.com"
    assert "once EMAIL_URL is set" in why_no_links("Clients")
