"""What becomes of a mailed estimate, and who is told."""

from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.db import OperationalError
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from estimates import mailing, mails, services
from estimates.choices import EstimateStatus
from estimates.models import Estimate
from estimates.pdf import PdfLate
from syteops.core.actors import SYSTEM
from syteops.integrations import queued_mail
from syteops.invitations import mailing as inviting
from syteops.modules import services as modules
from syteops.server import housekeeping
from tests.background import run_tasks
from tests.estimates.mails import events, pass_time
from tests.fixtures import Api
from tests.integrations.smtp_sink import SmtpSink
from tests.samples.estimates import a_sent_one

pytestmark = pytest.mark.django_db


def test_an_address_that_is_refused_shows_why_and_can_be_sent_again(
    sink: SmtpSink, api: Api
) -> None:
    sink.replies["RCPT"] = "550 nobody here"
    estimate = a_sent_one()
    run_tasks()

    told = api.get(f"/estimates/{estimate.pk}").json()["mail"]
    assert told["state"] == "failed"
    assert "550" in told["problem"]
    assert events()[-1] == "estimate.mail_failed"
    first = Estimate.objects.get().mail_id

    del sink.replies["RCPT"]
    again = api.post(f"/estimates/{estimate.pk}/send", {"again": True, "subject": "Once more"})
    assert (again.json()["mail"]["state"], again.json()["mail"]["problem"]) == ("queued", "")
    run_tasks()
    [mail] = sink.mails
    assert str(mail["Subject"]).strip() == "Once more"
    assert Estimate.objects.get().mail_id != first
    assert events()[-2:] == ["estimate.resent", "estimate.mailed"]


def test_a_server_that_is_away_is_tried_again_for_hours_and_then_said(sink: SmtpSink) -> None:
    sink.replies["RCPT"] = "451 later"
    estimate = a_sent_one()

    for attempt in range(len(queued_mail.RETRIES)):
        run_tasks()
        estimate.refresh_from_db()
        assert (estimate.mail_state, estimate.mail_attempts) == ("queued", attempt + 1)
        assert "451" in estimate.mail_problem
        assert run_tasks() == [], "not at once"
        pass_time(hours=13)
    run_tasks()

    estimate.refresh_from_db()
    assert estimate.mail_state == "failed"
    assert sink.mails == []


def test_a_server_that_comes_back_gets_the_mail(sink: SmtpSink) -> None:
    sink.replies["DATA"] = "421 busy"
    estimate = a_sent_one()
    run_tasks()
    del sink.replies["DATA"]
    pass_time(minutes=2)
    run_tasks()

    estimate.refresh_from_db()
    assert (estimate.mail_state, estimate.mail_problem, len(sink.mails)) == ("sent", "", 1)


@pytest.mark.parametrize("error", [PdfLate("Too busy."), OperationalError("gone")])
def test_what_passes_is_tried_again(sink: SmtpSink, error: Exception) -> None:
    estimate = a_sent_one()
    with patch.object(mailing, "mail_of", side_effect=error):
        run_tasks()
    estimate.refresh_from_db()
    assert (estimate.mail_state, estimate.mail_attempts) == ("queued", 1)
    assert estimate.mail_problem in ("Too busy.", queued_mail.AWAY)

    pass_time(minutes=2)
    run_tasks()

    estimate.refresh_from_db()
    assert (estimate.mail_state, estimate.mail_problem, len(sink.mails)) == ("sent", "", 1)


def test_who_has_answered_meanwhile_is_not_written_to(sink: SmtpSink) -> None:
    estimate = a_sent_one()
    services.answer_estimate(SYSTEM, estimate, EstimateStatus.APPROVED, name="Cleo")

    run_tasks()

    estimate.refresh_from_db()
    assert (estimate.mail_state, sink.mails) == ("failed", [])
    assert "approved" in estimate.mail_problem


def test_nor_is_who_answers_while_the_pdf_is_made(
    sink: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits for those of other mails, for minutes."""
    estimate = a_sent_one()

    def answered(one: Estimate) -> bytes:
        services.answer_estimate(SYSTEM, estimate, EstimateStatus.APPROVED, name="Cleo")
        return b""

    monkeypatch.setattr(mails, "pdf_of", answered)
    run_tasks()
    estimate.refresh_from_db()
    assert (estimate.mail_state, sink.mails) == ("failed", [])
    assert "approved" in estimate.mail_problem


def test_while_the_module_is_off_nobody_is_written_to(sink: SmtpSink) -> None:
    estimate = a_sent_one()
    modules.deactivate(SYSTEM, modules.locked_state("estimates"))

    run_tasks()

    estimate.refresh_from_db()
    assert (estimate.mail_state, sink.mails) == ("failed", [])


def test_what_nobody_foresaw_is_told_too(sink: SmtpSink, monkeypatch: pytest.MonkeyPatch) -> None:
    estimate = a_sent_one()
    monkeypatch.setattr(mailing, "mail_of", lambda one: 1 // 0)

    run_tasks(may_fail=True)

    estimate.refresh_from_db()
    assert (estimate.mail_state, estimate.mail_problem) == ("failed", queued_mail.UNFORESEEN)


def test_a_mail_whose_task_is_lost_is_given_up(sink: SmtpSink) -> None:
    estimate = a_sent_one()
    DBTaskResult.objects.all().delete()
    housekeeping.run()
    estimate.refresh_from_db()
    assert estimate.mail_state == "queued"

    Estimate.objects.update(mail_at=timezone.now() - queued_mail.GIVEN_UP - timedelta(hours=1))
    housekeeping.run()

    estimate.refresh_from_db()
    assert (estimate.mail_state, estimate.mail_problem) == ("failed", queued_mail.LOST)


@pytest.mark.parametrize("state", ["approved", "queued", "no mail"])
def test_sending_again_is_refused_where_it_makes_no_sense(
    sink: SmtpSink, api: Api, settings: Any, state: str
) -> None:
    estimate = a_sent_one()
    if state in ("approved", "no mail"):
        run_tasks()
        estimate.refresh_from_db()
    if state == "approved":
        services.answer_estimate(SYSTEM, estimate, EstimateStatus.APPROVED, name="Cleo")
    if state == "no mail":
        settings.EMAIL_SERVER = None
    before = Estimate.objects.values().get()

    assert api.post(f"/estimates/{estimate.pk}/send", {"again": True}).status_code == 409
    assert Estimate.objects.values().get() == before


def test_hundreds_to_clients_keep_no_invitation_waiting() -> None:
    """Each has a PDF, of which a key may have 600 a minute made."""
    mailing.deliver.enqueue(1, "a mail")
    inviting.deliver.enqueue(2)

    first, second = DBTaskResult.objects.ready().values_list("task_path", flat=True)

    assert first == inviting.deliver.module_path
    assert second == mailing.deliver.module_path
