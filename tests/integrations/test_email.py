"""E-mail: the recipients read who did what, when they want to, and a mail server may be away."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.core.errors import DomainError
from syteops.crm import services as crm
from syteops.deliveries.models import Delivery, DeliveryAttempt
from syteops.deliveries.services import resend
from syteops.events.models import Event
from syteops.integrations import services
from syteops.integrations.first_party.email import due_at
from syteops.team import services as team
from tests.events.publish import publish
from tests.fixtures import Api
from tests.integrations.delivering import deliver, disable, enable, pass_time, set_config
from tests.integrations.mailing import site_with_mail
from tests.integrations.smtp_sink import SmtpSink
from tests.samples.team import a_member

pytestmark = pytest.mark.django_db
HOUR = 3600
TO_B = "RCPT TO:<B@EXAMPLE.COM>"


@pytest.fixture
def sink(settings: Any) -> Iterator[SmtpSink]:
    """A mail server that this site sends through, and e-mail enabled to two recipients."""
    with site_with_mail(settings) as started:
        publish()
        set_config("email", recipients=["a@example.com", "b@example.com"])
        enable("email")
        deliver()
        started.mails.clear()
        started.recipients.clear()
        yield started


def part(sink: SmtpSink, kind: str, index: int = -1) -> str:
    body = sink.mails[index].get_body((kind,))
    assert body is not None
    return str(body.get_content())


# --- Hostile names, and what stays here -------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["<script>alert(1)</script>", "Bcc: x@evil.example", "&amp;", "Ünïcode ☃", "=?utf-8?q?x?="],
)
def test_a_name_is_shown_letter_for_letter(sink: SmtpSink, name: str) -> None:
    crm.create_crm_system(SYSTEM, name=name)
    deliver()
    [mail] = sink.mails
    subject = str(mail["Subject"]).strip().replace("\N{WORD JOINER}", "")
    assert subject == f"Ops: SyteOps added CRM system {name} (001)"
    assert name in part(sink, "plain")
    assert "<script>" not in part(sink, "html")
    assert mail["Bcc"] is None
    assert sink.recipients == [["a@example.com", "b@example.com"]]


def test_no_value_leaves_the_site(sink: SmtpSink) -> None:
    system = crm.create_crm_system(SYSTEM, name="HubSpot")
    crm.update_crm_system(SYSTEM, system, url="https://canary.example")
    crm.set_secrets(SYSTEM, system, api_key="canary-key-1234")
    deliver()
    everything = "".join(str(one) for one in sink.mails)
    assert "canary" not in everything
    assert "changed CRM system HubSpot (001): url" in part(sink, "plain")


def test_who_is_erased_meanwhile_is_not_told_of(sink: SmtpSink, api: Api) -> None:
    set_config("email", digest="hourly")
    deliver()
    pass_time(HOUR)
    deliver()
    sink.mails.clear()
    member = a_member(first_name="Zyxwvut")
    publish()
    erased = api.post("/team-members/erase?confirm=true", {"id": member.pk})
    assert erased.status_code == 200, erased.content
    publish()
    pass_time(HOUR)
    deliver()
    assert sink.mails
    assert "Zyxwvut" not in "".join(str(one) for one in sink.mails)


# --- What arrives ------------------------------------------------------------------------------


def test_a_change_is_mailed_at_once(sink: SmtpSink) -> None:
    system = crm.create_crm_system(SYSTEM, name="HubSpot")
    deliver()
    [mail] = sink.mails
    link = f"https://ops.example.com/admin/crm/crmsystem/{system.pk}/change/"
    assert mail["From"] == "SyteOps <ops@example.com>"
    assert mail["To"] == "a@example.com, b@example.com"
    assert mail["Auto-Submitted"] == "auto-generated"
    event = Event.objects.get(type="crm_system.created")
    assert mail["Message-ID"] == f"<{event.public_id}@example.com>"
    assert part(sink, "plain").splitlines() == [
        "- SyteOps added CRM system HubSpot (001)",
        f"  {link}",
    ]
    assert f'<a href="{link}">Open</a>' in part(sink, "html")


def test_only_chosen_events_are_mailed(sink: SmtpSink) -> None:
    set_config("email", types=["team_member.*"])
    deliver()
    sink.mails.clear()
    crm.create_crm_system(SYSTEM, name="HubSpot")
    deliver()
    assert sink.mails == []
    team.update_team_member(SYSTEM, a_member(first_name="Ada"), first_name="Grace")
    deliver()
    assert str(sink.mails[-1]["Subject"]) == "Ops: 2 changes"


def test_an_hour_comes_in_one_mail(sink: SmtpSink) -> None:
    set_config("email", digest="hourly")
    deliver()
    for name in ("HubSpot", "Zoho"):
        crm.create_crm_system(SYSTEM, name=name)
        deliver()
    assert sink.mails == []
    pass_time(HOUR)
    deliver()
    [mail] = sink.mails
    assert str(mail["Subject"]) == "Ops: 3 changes"
    assert "HubSpot" in part(sink, "plain")
    assert "Zoho" in part(sink, "plain")


def test_nothing_is_mailed_once_it_is_disabled(sink: SmtpSink) -> None:
    disable("email")
    crm.create_crm_system(SYSTEM, name="HubSpot")
    deliver()
    assert sink.mails == []


@pytest.mark.parametrize(
    ("config", "zone", "now", "due"),
    [
        ({"digest": "at_once"}, "UTC", "2026-01-31T09:30", "2026-01-31T09:30"),
        ({"digest": "hourly"}, "UTC", "2026-01-31T09:30", "2026-01-31T10:00"),
        ({"digest": "hourly"}, "UTC", "2026-01-31T23:00", "2026-02-01T00:00"),
        ({"digest": "hourly"}, "Asia/Kolkata", "2026-01-31T09:10", "2026-01-31T09:30"),
        ({"digest": "daily", "hour": 8}, "UTC", "2026-01-31T07:59", "2026-01-31T08:00"),
        ({"digest": "daily", "hour": 8}, "UTC", "2026-01-31T08:00", "2026-02-01T08:00"),
        ({"digest": "daily", "hour": 0}, "Europe/Vienna", "2026-01-31T23:30", "2026-02-01T23:00"),
        # Clocks forward on 29 March at 2, back on 25 October at 3.
        ({"digest": "daily", "hour": 8}, "Europe/Vienna", "2026-03-28T12:00", "2026-03-29T06:00"),
        ({"digest": "daily", "hour": 2}, "Europe/Vienna", "2026-03-28T12:00", "2026-03-29T01:00"),
        ({"digest": "daily", "hour": 8}, "Europe/Vienna", "2026-10-24T12:00", "2026-10-25T07:00"),
    ],
)
def test_when_it_is_due(settings: Any, config: Any, zone: str, now: str, due: str) -> None:
    settings.TIME_ZONE = zone
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert due_at(config, at).astimezone(UTC).isoformat()[:16] == due


# --- A mail server that does not take it -------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        ("RCPT", "450 canary mailbox busy"),
        (".", "451 canary local error"),
        ("MAIL", "530 canary authenticate first"),
        ("EHLO", "421 canary shutting down"),
    ],
)
def test_what_may_work_later_is_sent_again_with_the_same_id(
    sink: SmtpSink, command: str, reply: str
) -> None:
    sink.replies[command] = reply
    if command == "EHLO":
        sink.replies["HELO"] = reply
    crm.create_crm_system(SYSTEM, name="HubSpot")
    deliver()
    assert sink.mails == []
    attempt = DeliveryAttempt.objects.latest("id")
    assert attempt.status is None
    assert attempt.problem.startswith("The mail server")
    assert "canary" not in attempt.problem

    sink.replies.clear()
    pass_time(61)
    deliver()
    [mail] = sink.mails
    event = Event.objects.get(type="crm_system.created")
    assert mail["Message-ID"] == f"<{event.public_id}@example.com>"


@pytest.mark.parametrize(("command", "reply"), [("RCPT", "550 no such user"), (".", "554 spam")])
def test_what_is_refused_for_good_is_given_up(sink: SmtpSink, command: str, reply: str) -> None:
    sink.replies[command] = reply
    crm.create_crm_system(SYSTEM, name="HubSpot")
    deliver()
    delivery = Delivery.objects.latest("id")
    assert (delivery.state, delivery.attempts) == ("given_up", 1)
    assert DeliveryAttempt.objects.latest("id").status == int(reply[:3])
    with pytest.raises(DomainError):
        services.send_test(SYSTEM, "email")
    assert not AuditEntry.objects.filter(event="integration.tested").exists()


@pytest.mark.parametrize("code", [450, 550])
def test_whom_the_server_refuses_among_others_is_in_the_delivery_log(
    sink: SmtpSink, code: int
) -> None:
    sink.replies[TO_B] = f"{code} canary no such user"
    crm.create_crm_system(SYSTEM, name="HubSpot")
    deliver()
    deliver()
    assert sink.recipients == [["a@example.com"]], "once, to whom it is not refused"
    assert Delivery.objects.latest("id").state == ("waiting" if code == 450 else "delivered")
    attempt = DeliveryAttempt.objects.latest("id")
    told = f"Of 2 recipients the mail server refused no. 2 ({code})."
    assert (attempt.status, attempt.answer) == (250, told)
    assert services.send_test(SYSTEM, "email").endswith(told)


def test_who_is_put_off_among_others_gets_it_later_and_holds_up_nobody(sink: SmtpSink) -> None:
    sink.replies[TO_B] = "450 mailbox busy"
    for name in ("HubSpot", "Pipedrive"):
        crm.create_crm_system(SYSTEM, name=name)
        deliver()
    assert sink.recipients == [["a@example.com"]] * 2
    pass_time(60)
    deliver()
    assert DeliveryAttempt.objects.latest("id").problem.startswith("The mail server puts it off")

    sink.replies.clear()
    pass_time(600)
    deliver()
    assert sink.recipients[2:] == [["b@example.com"]]
    assert sink.mails[2]["Message-ID"] == sink.mails[1]["Message-ID"]
    assert part(sink, "plain").count("added CRM system") == 2
    assert {one.state for one in Delivery.objects.all()} == {"delivered"}

    crm.create_crm_system(SYSTEM, name="To both")
    deliver()
    assert sink.recipients[3:] == [["a@example.com", "b@example.com"]]


@pytest.mark.parametrize("arrives", [True, False])
def test_what_is_sent_again_goes_to_all_if_all_had_it(sink: SmtpSink, arrives: bool) -> None:
    sink.replies[TO_B] = "450 mailbox busy"
    crm.create_crm_system(SYSTEM, name="HubSpot")
    deliver()
    sink.replies = {} if arrives else {"RCPT": "550 no such user"}
    pass_time(60)
    deliver()
    delivery = Delivery.objects.latest("id")
    assert delivery.state == ("delivered" if arrives else "given_up")

    sink.replies.clear()
    resend(SYSTEM, delivery)
    deliver()
    assert sink.recipients[-1] == (["a@example.com"] * arrives) + ["b@example.com"]


def test_who_is_no_recipient_any_more_is_sent_nothing(sink: SmtpSink) -> None:
    sink.replies[TO_B] = "450 mailbox busy"
    crm.create_crm_system(SYSTEM, name="HubSpot")
    deliver()
    sink.replies.clear()
    set_config("email", recipients=["a@example.com", "c@example.com"])
    event = Event.objects.get(type="crm_system.created")
    pass_time(60)
    deliver()
    assert Delivery.objects.get(event=event).state == "delivered"
    of_then = [one for one in sink.mails if "HubSpot" in str(one)]
    assert len(of_then) == 1


def test_a_test_arrives(sink: SmtpSink) -> None:
    assert "a@example.com" in services.send_test(SYSTEM, "email")
    assert str(sink.mails[0]["Subject"]) == "Ops: test"
