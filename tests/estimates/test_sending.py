"""Sending really sends: once, with link and PDF, and what became of the e-mail is told."""

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest.mock import patch

import pytest
from django.core.mail import EmailMessage
from django.db import connection
from django_tasks_db.models import DBTaskResult
from pypdf import PdfReader

from estimates import mailing
from estimates.links import client_path
from estimates.mails import sender
from estimates.models import Estimate
from syteops.audit.models import AuditEntry
from syteops.tasks.worker import Worker
from tests.background import run_tasks
from tests.estimates.mails import events, link, text_of
from tests.estimates.test_pdf import configure
from tests.fixtures import Api
from tests.integrations.smtp_sink import SmtpSink
from tests.samples.estimates import a_draft, a_sent_one

pytestmark = pytest.mark.django_db


def test_who_may_not_read_estimates_has_no_answers_of_clients_sent_to_himself(
    api: Api, make_key: Any
) -> None:
    """They quote the mail, and with it the link to all of the estimate."""
    path, one = "/modules/estimates/config", Api(make_key("modules:write", "modules:read"))
    mine = {"config": {"reply_to": "mine@example.com"}}
    around = "https://mine.example/?{link}"
    for config in (mine["config"], {"mail_text": around}, {"reminder_text": around}):
        refused = one.patch(path, {"config": config})
        assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")
    assert api.patch(path, mine).status_code == 200
    assert one.patch(path, {**mine, "config": {"currency": "EUR"}}).status_code == 200
    assert one.patch(path, {"config": {"reply_to": None}}).status_code == 200
    reads = Api(make_key("modules:write", "estimates_items:read"))
    assert reads.patch(path, mine).status_code == 200


# --- What the client gets --------------------------------------------------------------------


def test_the_client_gets_the_link_and_the_pdf(sink: SmtpSink, api: Api) -> None:
    configure(company_name="Lovelace Engines", reply_to="office@example.com")
    estimate = a_draft(title="Relaunch", client_name="Cleo", currency="EUR")

    sent = api.post(f"/estimates/{estimate.pk}/send", Host="localhost")

    assert sent.json()["mail"]["state"] == "queued"
    assert sink.mails == []
    run_tasks()
    [mail] = sink.mails
    assert sink.recipients == [["cleo@example.com"]]
    assert mail["From"] == "Lovelace Engines <ops@example.com>"
    assert mail["Reply-To"] == "office@example.com"
    assert str(mail["Subject"]).strip() == f"Estimate {estimate.number}: Relaunch"
    shown = text_of(mail)
    estimate.refresh_from_db()
    for part in ("Hello Cleo,", estimate.number, "EUR 800.00", link(estimate), "Lovelace Engines"):
        assert part in shown, part
    assert f'<a href="{link(estimate)}">' in text_of(mail, "html")
    [attached] = list(mail.iter_attachments())
    assert attached.get_filename() == f"{estimate.number}.pdf"
    pdf = PdfReader(io.BytesIO(attached.get_content()))
    assert "Relaunch" in pdf.pages[0].extract_text()
    told = api.get(f"/estimates/{estimate.pk}").json()["mail"]
    assert (told["reminder"], told["state"], told["problem"]) == (False, "sent", "")
    assert events()[-2:] == ["estimate.sent", "estimate.mailed"]


def test_subject_and_message_are_those_given(sink: SmtpSink, api: Api) -> None:
    estimate = a_draft(title="<b>{total}</b>", client_name="Cleo & Co")
    given = {
        "subject": "For {client}: {number}",
        "message": "Look: {link}\n\n{title} {unknown} <i>",
    }

    api.post(f"/estimates/{estimate.pk}/send", given)
    run_tasks()

    [mail] = sink.mails
    estimate.refresh_from_db()
    assert str(mail["Subject"]).strip() == f"For Cleo & Co: {estimate.number}"
    assert text_of(mail).strip() == f"Look: {link(estimate)}\n\n<b>{{total}}</b> {{unknown}} <i>"
    assert "<i>" not in text_of(mail, "html")
    assert "&lt;b&gt;" in text_of(mail, "html")


def test_a_message_without_the_link_gets_it_below(sink: SmtpSink, api: Api) -> None:
    estimate = a_draft()

    api.post(f"/estimates/{estimate.pk}/send", {"message": "As discussed."})
    run_tasks()

    estimate.refresh_from_db()
    assert text_of(sink.mails[0]).strip() == f"As discussed.\n\n{link(estimate)}"


def test_no_header_can_be_added(sink: SmtpSink, api: Api) -> None:
    estimate = a_draft(title="=?utf-8?q?x?=")
    refused = api.post(f"/estimates/{estimate.pk}/send", {"subject": "a\r\nBcc: eve@evil.example"})

    assert refused.status_code == 400
    configure(company_name='Eve" <eve@evil.example>, "x')
    api.post(f"/estimates/{estimate.pk}/send")
    run_tasks()
    [mail] = sink.mails
    assert mail["From"].addresses[0].addr_spec == "ops@example.com"
    assert len(mail["From"].addresses) == 1
    assert "=\N{WORD JOINER}?utf-8?q?x?=" in str(mail["Subject"])
    assert sink.recipients == [["cleo@example.com"]]


@pytest.mark.parametrize(
    "name",
    [
        "Büro für Gestaltung, Hauptstraße 5, Köln (seit 1999), Grafik, Web und Druck, GmbH",
        "Müller, Dr. <eve@evil.example> & Söhne, Steuerberater und Rechtsanwälte (PartG mbB)",
        "A, B & C, whose name is longer than a line of a header is as a rule, really <a@b.example>",
    ],
)
def test_a_name_is_one_sender_however_long_it_is(sink: SmtpSink, settings: Any, name: str) -> None:
    """Python folded it without its quotes: what stood between commas were senders, too."""
    EmailMessage("Subject", "Text", sender(name), ["cleo@example.com"]).send()
    settings.DEFAULT_FROM_EMAIL = f'"{name}" <ops@example.com>'
    EmailMessage("Subject", "Text", to=["cleo@example.com"]).send()

    assert [[one.addr_spec for one in mail["From"].addresses] for mail in sink.mails] == [
        ["ops@example.com"],
        ["ops@example.com"],
    ]


def test_the_link_is_stored_nowhere_but_sealed(sink: SmtpSink, api: Api) -> None:
    estimate = a_draft()
    api.post(f"/estimates/{estimate.pk}/send")
    run_tasks()
    estimate.refresh_from_db()
    token = str(client_path(estimate)).rpartition("/")[2]

    assert token in text_of(sink.mails[0])
    for rows in (Estimate.objects, AuditEntry.objects, DBTaskResult.objects):
        assert token not in str(list(rows.values())), rows.model


# --- Whether ---------------------------------------------------------------------------------


def test_without_mail_only_the_link_is_made(api: Api) -> None:
    estimate = a_draft()

    shown = api.post(f"/estimates/{estimate.pk}/send").json()

    assert (shown["status"], shown["mail"]) == ("sent", None)
    assert run_tasks() == []


@pytest.mark.parametrize("lacking", ["EMAIL_SERVER", "SITE_URL"])
def test_mail_that_cannot_be_sent_is_refused_and_nothing_frozen(
    sink: SmtpSink, api: Api, settings: Any, lacking: str
) -> None:
    setattr(settings, lacking, "" if lacking == "SITE_URL" else None)
    estimate = a_draft()

    refused = api.post(f"/estimates/{estimate.pk}/send", {"email": True})

    assert refused.status_code == 400
    [problem] = refused.json()["errors"]
    assert problem["pointer"] == "#/email"
    assert lacking.replace("SERVER", "URL") in problem["detail"]
    assert Estimate.objects.get().status == "draft"
    assert api.post(f"/estimates/{estimate.pk}/send").json()["mail"] is None


def test_who_wants_the_link_alone_gets_that(sink: SmtpSink, api: Api) -> None:
    estimate = a_draft()

    api.post(f"/estimates/{estimate.pk}/send", {"email": False})
    run_tasks()

    assert sink.mails == []
    mailed = api.post(f"/estimates/{estimate.pk}/send", {"again": True}).json()
    assert mailed["mail"]["state"] == "queued"
    run_tasks()
    assert len(sink.mails) == 1


def test_who_may_not_read_it_has_it_mailed_to_nobody(
    sink: SmtpSink, make_key: Callable[..., str]
) -> None:
    """He could say to whom, and would read all of it there."""
    mine, writer = a_draft(), Api(make_key("estimates_items:write"))
    assert (
        writer.patch(f"/estimates/{mine.pk}", {"client_email": "m@example.com"}).status_code == 200
    )
    for given in ({}, {"email": True}):
        answer = writer.post(f"/estimates/{mine.pk}/send", given)
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
    assert writer.post(f"/estimates/{mine.pk}/send", {"email": False}).status_code == 200
    assert writer.post(f"/estimates/{mine.pk}/send", {"again": True}).status_code == 403
    run_tasks()
    assert sink.mails == []


def test_a_dry_run_mails_nobody(sink: SmtpSink, api: Api) -> None:
    estimate = a_draft()

    tried = api.post(f"/estimates/{estimate.pk}/send?dry_run=true")

    assert tried.json()["data"]["mail"]["state"] == "queued"
    assert run_tasks() == []
    assert sink.mails == []


# --- Once ------------------------------------------------------------------------------------


def test_sending_twice_mails_once(sink: SmtpSink, api: Api) -> None:
    estimate = a_draft()
    for _ in range(2):
        api.post(f"/estimates/{estimate.pk}/send")
        run_tasks()

    assert len(sink.mails) == 1


def test_a_task_that_runs_again_mails_nobody(sink: SmtpSink) -> None:
    estimate = a_sent_one()
    run_tasks()
    estimate.refresh_from_db()

    mailing.deliver.call(estimate.pk, str(estimate.mail_id))

    assert len(sink.mails) == 1
    assert events().count("estimate.mailed") == 1


def test_who_is_killed_in_the_middle_repeats_the_same_message(sink: SmtpSink) -> None:
    estimate = a_sent_one()
    with patch.object(mailing.MAILS, "note", side_effect=SystemExit), pytest.raises(SystemExit):
        mailing.deliver.call(estimate.pk, str(estimate.mail_id))

    run_tasks()

    first, second = sink.mails
    assert (
        first["Message-ID"] == second["Message-ID"] == f"<estimate-{estimate.mail_id}@example.com>"
    )
    estimate.refresh_from_db()
    assert estimate.mail_state == "sent"


@pytest.mark.combination
@pytest.mark.django_db(transaction=True)
def test_of_many_workers_at_once_one_mails(sink: SmtpSink) -> None:
    estimate = a_sent_one()

    def work(_: int) -> None:
        try:
            mailing.deliver.call(estimate.pk, str(estimate.mail_id))
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(8)))

    assert len(sink.mails) == 1
    estimate.refresh_from_db()
    assert estimate.mail_state == "sent"


@pytest.mark.combination
@pytest.mark.django_db(transaction=True)
def test_the_link_of_a_site_below_a_path_leads_below_it(sink: SmtpSink, settings: Any) -> None:
    settings.FORCE_SCRIPT_NAME = "/sub"
    a_sent_one()

    assert Worker(1, once=True).run()

    [mail] = sink.mails
    assert "https://ops.example.com/sub/e/" in text_of(mail)
