"""The proof that an integration works: something really arrives, and nothing leaks on the way."""

import json
import logging
import smtplib
from typing import Any

import django
import pytest
from django.core import mail
from django.core.mail import EmailMessage

from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM, Actor
from syteops.core.errors import Conflict
from syteops.crm import services as crm
from syteops.integrations import services
from syteops.integrations.errors import DeliveryFailed
from tests.integrations.receivers import Receiver
from tests.integrations.relay import SIGNING_SECRET
from tests.samples.integrations import set_up_relay


@pytest.fixture
def person() -> Actor:
    return SYSTEM.for_operation("integrations.test")


@pytest.fixture
def reachable(settings: Any, receiver: Receiver) -> Receiver:
    """The receiver, on a site that allows its address."""
    settings.ALLOW_PRIVATE_URLS = True
    return receiver


def set_secret(slug: str, name: str, value: str) -> None:
    services.set_secret(SYSTEM, services.locked_secret(slug, name), value=value)


def set_config(slug: str, **config: Any) -> None:
    services.update_config(SYSTEM, services.locked_state(slug), config=config)


@pytest.mark.django_db
def test_nothing_is_sent_as_long_as_something_is_missing(person: Actor) -> None:
    for slug in ("relay", "slack", "automation_push"):
        with pytest.raises(Conflict, match="Set first"):
            services.send_test(person, slug)
    assert not AuditEntry.objects.filter(event="integration.tested").exists()


@pytest.mark.django_db
def test_a_failed_delivery_is_no_success_in_the_audit_trail(
    person: Actor, reachable: Receiver
) -> None:
    set_secret("slack", "webhook_url", f"{reachable.url}/canary")
    reachable.status = 404
    with pytest.raises(DeliveryFailed):
        services.send_test(person, "slack")
    assert not AuditEntry.objects.filter(event="integration.tested").exists()


@pytest.mark.django_db
def test_an_address_stored_while_private_ones_were_allowed_is_refused_later(
    person: Actor, reachable: Receiver, settings: Any
) -> None:
    set_secret("slack", "webhook_url", reachable.url)
    settings.ALLOW_PRIVATE_URLS = False
    with pytest.raises(DeliveryFailed, match="private"):
        services.send_test(person, "slack")
    assert reachable.received == []


@pytest.mark.django_db
def test_what_arrives_is_json_and_the_trail_tells_of_it(person: Actor, reachable: Receiver) -> None:
    set_up_relay(f"{reachable.url}/hook?x=1")

    assert "200" in services.send_test(person, "relay")

    (got,) = reachable.received
    assert got.path == "/hook?x=1"
    assert got.headers["content-type"] == "application/json"
    assert got.headers["user-agent"].startswith("SyteOps/")
    assert got.headers["x-secret"] == SIGNING_SECRET
    assert json.loads(got.body)["type"] == "integration.test"
    assert AuditEntry.objects.get(event="integration.tested").object_id == "relay"


@pytest.mark.django_db
def test_slack_gets_a_text(person: Actor, reachable: Receiver, settings: Any) -> None:
    settings.SITE_NAME = "Ops"
    set_secret("slack", "webhook_url", f"{reachable.url}/services/T/B/x")
    services.send_test(person, "slack")
    (got,) = reachable.received
    assert got.path == "/services/T/B/x"
    assert json.loads(got.body) == {"text": "Ops: This is a test message from SyteOps."}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("config", "header", "value"),
    [
        ({}, "authorization", "Bearer the-token"),
        ({"token_header": "X-Workflow"}, "x-workflow", "the-token"),
    ],
)
def test_the_push_carries_every_variable_and_the_token_where_it_belongs(
    person: Actor, reachable: Receiver, config: Any, header: str, value: str
) -> None:
    crm.create_crm_system(SYSTEM, name="HubSpot")
    set_secret("automation_push", "url", f"{reachable.url}/flow")
    set_config("automation_push", **config)
    services.send_test(person, "automation_push")
    set_secret("automation_push", "token", "the-token")
    services.send_test(person, "automation_push")

    without, with_token = reachable.received
    assert header not in without.headers
    assert with_token.headers[header] == value
    pushed = json.loads(with_token.body)["data"]["variables"]
    assert pushed["syteops_std_crm_001_name"] == "HubSpot"


@pytest.mark.django_db
def test_no_secret_reaches_the_log_at_its_most_talkative(
    person: Actor, reachable: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    set_secret("slack", "webhook_url", f"{reachable.url}/canary-path?canary-query")
    set_secret("automation_push", "url", f"{reachable.url}/canary-flow")
    set_secret("automation_push", "token", "canary-token")
    with caplog.at_level(logging.DEBUG):
        services.send_test(person, "slack")
        services.send_test(person, "automation_push")
        reachable.status = 500
        with pytest.raises(DeliveryFailed):
            services.send_test(person, "slack")
    assert "canary" not in caplog.text
    assert "canary" not in str(list(AuditEntry.objects.values()))


# --- E-mail ---------------------------------------------------------------------------------


@pytest.fixture
def mail_server(settings: Any) -> None:
    """A site with a mail server (Django's tests keep what it would send)."""
    settings.EMAIL_SERVER = {"host": "mail.example.com"}
    if django.VERSION < (6, 1):
        settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


@pytest.mark.django_db
@pytest.mark.usefixtures("mail_server")
def test_an_email_goes_to_the_recipients_listed(person: Actor) -> None:
    set_config("email", recipients=["a@example.com", "b@example.com"])
    services.send_test(person, "email")
    (message,) = mail.outbox
    assert message.to == ["a@example.com", "b@example.com"]
    assert message.from_email == "syteops@localhost"


@pytest.mark.django_db
@pytest.mark.usefixtures("mail_server")
def test_a_mail_server_that_refuses_is_told_plainly(
    person: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_config("email", recipients=["a@example.com"])

    def refuse(*args: Any) -> None:
        raise smtplib.SMTPAuthenticationError(535, b"canary-password")

    monkeypatch.setattr(EmailMessage, "send", refuse)
    with pytest.raises(DeliveryFailed) as refused:
        services.send_test(person, "email")
    assert "canary" not in refused.value.detail


@pytest.mark.django_db
def test_without_a_mail_server_no_email_is_tried(person: Actor, settings: Any) -> None:
    settings.EMAIL_SERVER = None
    set_config("email", recipients=["a@example.com"])
    with pytest.raises(Conflict, match="EMAIL_URL"):
        services.send_test(person, "email")
    assert mail.outbox == []
