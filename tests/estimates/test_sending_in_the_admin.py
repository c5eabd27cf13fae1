"""An estimate is seen before it is mailed from the admin."""

from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from estimates.models import Estimate
from estimates.queries import get_estimate
from syteops.audit import services as audit
from syteops.core.actors import SYSTEM
from tests.background import run_tasks
from tests.estimates.mails import text_of
from tests.integrations.smtp_sink import SmtpSink
from tests.samples.estimates import a_draft, a_sent_one

pytestmark = pytest.mark.django_db


def test_the_mail_is_shown_before_it_goes_and_goes_as_changed(sink: SmtpSink, page: Client) -> None:
    estimate = a_draft(client_name="Cleo")
    url = f"/admin/estimates/estimate/{estimate.pk}/send/"
    asked = page.get(url)
    shown = asked.content.decode()
    assert "cleo@example.com" in shown
    assert "ops@example.com" in shown
    form = asked.context["form"]
    assert form["subject"].value() == f"Estimate {estimate.number}: New website"
    assert "Hello Cleo," in form["message"].value()
    assert "{link}" in form["message"].value()

    page.post(url, {"subject": "Mine", "message": "Mine too: {link}", "email": "on"})
    run_tasks()

    [mail] = sink.mails
    assert str(mail["Subject"]).strip() == "Mine"
    assert text_of(mail).startswith("Mine too: https://ops.example.com/e/")
    assert "the mail server has taken it" in page.get(
        f"/admin/estimates/estimate/{estimate.pk}/change/"
    ).content.decode()  # fmt: skip


@pytest.mark.parametrize("button", ["send", "resend"])
def test_who_agreed_to_what_was_changed_since_is_asked_again(
    sink: SmtpSink, page: Client, button: str
) -> None:
    estimate = a_draft() if button == "send" else a_sent_one()
    run_tasks()
    sink.mails.clear()
    url = f"/admin/estimates/estimate/{estimate.pk}/{button}/"
    sent = {"subject": "Mine", "message": "Mine too: {link}", "email": "on"}
    seen = str(page.get(url).context["seen"])
    with transaction.atomic():
        locked = get_estimate(str(estimate.pk), lock=True)
        audit.update(SYSTEM, locked, {"client_email": "eve@example.com"})

    again = page.post(url, {**sent, "_seen": seen})

    run_tasks()
    assert sink.mails == []
    shown = again.content.decode()
    assert "Others changed this while you had it open" in shown
    assert "eve@example.com" in shown
    assert "Mine too: {link}" in shown
    page.post(url, {**sent, "_seen": str(again.context["seen"])})
    run_tasks()
    assert sink.recipients[-1] == ["eve@example.com"]


def test_the_link_alone_can_be_chosen(sink: SmtpSink, page: Client) -> None:
    estimate = a_draft()

    url = f"/admin/estimates/estimate/{estimate.pk}/send/"
    page.post(url, {"subject": "Mine", "message": "Mine too"})
    run_tasks()

    assert Estimate.objects.get().status == "sent"
    assert sink.mails == []


def test_buttons_say_what_will_happen(sink: SmtpSink, page: Client, settings: Any) -> None:
    draft, sent = a_draft(), a_sent_one()

    def shown(estimate: Estimate) -> str:
        return page.get(f"/admin/estimates/estimate/{estimate.pk}/change/").content.decode()

    assert f"/{draft.pk}/send/" in shown(draft)
    assert f"/{sent.pk}/resend/" in shown(sent)
    settings.EMAIL_SERVER = None
    assert f"/{draft.pk}/send/" not in shown(draft)
    assert f"/{draft.pk}/create-link/" in shown(draft)
    assert f"/{sent.pk}/resend/" not in shown(sent)
    told = page.get(f"/admin/estimates/estimate/{draft.pk}/send/").content.decode()
    assert "EMAIL_URL" in told


def test_the_pdf_can_be_looked_at_before_it_goes(page: Client) -> None:
    estimate = a_draft()

    answer = page.get(f"/admin/estimates/estimate/{estimate.pk}/pdf/")

    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")
