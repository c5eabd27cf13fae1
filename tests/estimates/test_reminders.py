"""Clients who have not answered are reminded once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from time import sleep
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from estimates import mails, reminders, services
from estimates.choices import EstimateStatus, MailKind
from estimates.models import Estimate
from estimates.queries import get_estimate
from syteops.core.actors import SYSTEM
from syteops.modules import services as modules
from syteops.server import housekeeping
from tests.background import run_tasks
from tests.estimates.mails import events, link, text_of
from tests.estimates.test_pdf import configure
from tests.integrations.smtp_sink import SmtpSink
from tests.samples.estimates import a_draft, a_sent_one

pytestmark = pytest.mark.django_db


@pytest.fixture
def morning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("estimates.reminders.EARLIEST", 0)


def mailed_long_ago(**values: Any) -> Estimate:
    """An estimate that was mailed two weeks ago, and is valid for two days more."""
    last = timezone.localdate() + timedelta(days=2)
    estimate = a_sent_one(valid_until=last, **values)
    run_tasks()
    Estimate.objects.filter(pk=estimate.pk).update(sent_at=timezone.now() - timedelta(days=14))
    estimate.refresh_from_db()
    return estimate


@pytest.mark.usefixtures("morning")
def test_who_has_not_answered_is_reminded_once(sink: SmtpSink) -> None:
    configure(reminder_days=3)
    estimate = mailed_long_ago(client_name="Cleo")
    sink.mails.clear()

    for _ in range(3):
        housekeeping.run()
        run_tasks()

    [mail] = sink.mails
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "still" in text_of(mail)
    assert link(estimate) in text_of(mail)
    estimate.refresh_from_db()
    assert (estimate.mail_kind, estimate.mail_state) == ("reminder", "sent")
    assert events().count("estimate.reminded") == 1


@pytest.mark.usefixtures("morning")
@pytest.mark.parametrize(
    "case", ["never", "answered", "revised", "later", "just sent", "link only", "off", "no mail"]
)
def test_nobody_else_is_reminded(sink: SmtpSink, settings: Any, case: str) -> None:
    configure(reminder_days={"never": 0, "later": 1}.get(case, 3))
    estimate = mailed_long_ago()
    if case == "answered":
        services.answer_estimate(SYSTEM, estimate, EstimateStatus.DECLINED, name="Cleo")
    if case == "revised":
        services.revise_estimate(SYSTEM, estimate)
    if case == "just sent":
        Estimate.objects.update(sent_at=timezone.now())
    if case == "link only":
        Estimate.objects.update(mail_state="", mail_id=None, mail_at=None)
    if case == "off":
        modules.deactivate(SYSTEM, modules.locked_state("estimates"))
    if case == "no mail":
        settings.SITE_URL = ""
    sink.mails.clear()

    housekeeping.run()
    run_tasks()

    assert sink.mails == []


@pytest.mark.combination
@pytest.mark.django_db(transaction=True)
def test_who_answers_at_that_moment_is_not_reminded(sink: SmtpSink) -> None:
    estimate = mailed_long_ago()

    def remind() -> bool:
        try:
            return reminders._remind(SYSTEM, estimate.pk, 3)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as other, transaction.atomic():
        locked = get_estimate(str(estimate.pk), lock=True)
        services.answer_estimate(SYSTEM, locked, EstimateStatus.DECLINED, name="Cleo")
        begun = other.submit(remind)
        sleep(0.5)  # it waits for the lock by now
        assert not begun.done()

    assert begun.result() is False
    assert "estimate.reminded" not in events()


def test_nobody_is_reminded_at_night(sink: SmtpSink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("estimates.reminders.EARLIEST", 25)
    configure(reminder_days=3)
    mailed_long_ago()
    sink.mails.clear()

    housekeeping.run()
    run_tasks()

    assert sink.mails == []


def test_each_placeholder_is_filled() -> None:
    text = " ".join(f"{{{name}}}" for name in mails.PLACEHOLDERS)

    filled = mails.letter(a_draft(), MailKind.ESTIMATE, text=text).text

    assert filled.count("{") == 1
    assert filled.endswith("{link}")
