"""Sending really sends: once, with link and PDF, and what became of the e-mail is told."""

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email.message import EmailMessage
from time import sleep
from typing import Any
from unittest.mock import patch

import pytest
from django.db import OperationalError, connection, transaction
from django.test import Client
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from pypdf import PdfReader

from estimates import mailing, mails, reminders, services
from estimates.choices import EstimateStatus, MailKind
from estimates.links import client_path
from estimates.models import Estimate
from estimates.pdf import PdfLate
from estimates.queries import get_estimate
from syteops.audit import services as audit
from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.core.tasks import TaskResultStatus
from syteops.modules import services as modules
from syteops.server import housekeeping
from syteops.tasks.worker import Worker
from tests.background import run_tasks
from tests.estimates.test_pdf import configure
from tests.fixtures import Api
from tests.integrations.mailing import site_with_mail
from tests.integrations.smtp_sink import SmtpSink
from tests.samples.estimates import a_draft, a_sent_one

pytestmark = pytest.mark.django_db


@pytest.fixture
def sink(settings: Any) -> Iterator[SmtpSink]:
    with site_with_mail(settings) as started:
        yield started


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
    with patch.object(mailing, "_note", side_effect=SystemExit), pytest.raises(SystemExit):
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


# --- What becomes of it ----------------------------------------------------------------------


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

    for attempt in range(len(mailing.RETRIES)):
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
    assert estimate.mail_problem in ("Too busy.", mailing.AWAY)

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
    assert (estimate.mail_state, estimate.mail_problem) == ("failed", mailing.UNFORESEEN)


def test_a_mail_whose_task_is_lost_is_given_up(sink: SmtpSink) -> None:
    estimate = a_sent_one()
    DBTaskResult.objects.all().delete()
    housekeeping.run()
    estimate.refresh_from_db()
    assert estimate.mail_state == "queued"

    Estimate.objects.update(mail_at=timezone.now() - mailing.GIVEN_UP - timedelta(hours=1))
    housekeeping.run()

    estimate.refresh_from_db()
    assert (estimate.mail_state, estimate.mail_problem) == ("failed", mailing.LOST)


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


# --- In the admin ----------------------------------------------------------------------------


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
    assert "Changed while you had this open" in shown
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


# --- Reminders -------------------------------------------------------------------------------


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
