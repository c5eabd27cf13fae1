"""Mail servers that would hold up whoever sends: for ever, or until there is no memory left."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from django.core.mail import EmailMessage

from syteops.core import outbound, smtp
from syteops.deliveries.sending import LEASE
from syteops.integrations.errors import DeliveryFailed
from syteops.integrations.mail import send_mail
from tests.integrations.mailing import site_with_mail
from tests.integrations.smtp_sink import SmtpSink
from tests.waiting import becomes_true

STEPS = ("greeting", "EHLO", "MAIL", "RCPT", "DATA", ".")


@pytest.fixture
def sink(settings: Any) -> Iterator[SmtpSink]:
    with site_with_mail(settings) as started:
        yield started


@pytest.fixture
def mail() -> EmailMessage:
    return EmailMessage("About", "Text", to=["a@example.com"])


def watches() -> list[threading.Thread]:
    return [one for one in threading.enumerate() if isinstance(one, threading.Timer)]


@pytest.mark.parametrize("step", STEPS)
def test_a_server_that_drips_holds_nobody_up(
    sink: SmtpSink, mail: EmailMessage, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Each byte comes in time, and the line never ends."""
    monkeypatch.setattr(smtp, "SECONDS", 0.5)
    sink.endless, sink.pause = {step: b"2"}, 0.05
    with pytest.raises(DeliveryFailed):
        send_mail(mail)
    assert becomes_true(lambda: not watches())


@pytest.mark.parametrize("step", STEPS)
def test_a_server_that_never_ends_its_reply_fills_no_memory(
    sink: SmtpSink, mail: EmailMessage, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    monkeypatch.setattr(smtp, "MOST_BYTES", 10_000)
    sink.endless = {step: b"250-and then\r\n" * 100}
    with pytest.raises(DeliveryFailed):
        send_mail(mail)


@pytest.mark.parametrize(
    "goodbye",
    [
        pytest.param(b"221-bye\r\n" * 1000, id="without end"),
        pytest.param(b"2" * 10_000 + b"\r\n", id="too long a line"),
        pytest.param(b"421 no\r\n", id="a refusal"),
        pytest.param(b"\xff\r\n", id="no reply at all"),
    ],
)
def test_what_was_taken_was_sent_whatever_the_goodbye_is(
    sink: SmtpSink, mail: EmailMessage, monkeypatch: pytest.MonkeyPatch, goodbye: bytes
) -> None:
    """Else it would be sent again."""
    monkeypatch.setattr(smtp, "MOST_BYTES", 20_000)
    sink.endless = {"QUIT": goodbye}
    assert send_mail(mail).is_success
    assert len(sink.mails) == 1


def test_a_handshake_that_drips_holds_nobody_up(
    sink: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "SECONDS", 0.5)
    # The beginning of a record of TLS; what drips then is its content.
    sink.replies["greeting"], sink.endless, sink.pause = "", {"greeting": b"\x16\x03\x03\x03"}, 0.05
    with pytest.raises(OSError):  # noqa: PT011 - whatever TLS makes of it
        smtp._Encrypted("127.0.0.1", sink.port, timeout=5)


def test_the_seconds_count_from_looking_for_the_server(
    sink: SmtpSink, mail: EmailMessage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "SECONDS", 0.1)
    connect, watched = socket.create_connection, []

    def connect_late(*args: Any, **more: Any) -> socket.socket:
        time.sleep(0.2)
        return connect(*args, **more)

    def watch(seconds: float, *args: Any) -> threading.Timer:
        watched.append(seconds)
        return threading.Timer(seconds, *args)

    monkeypatch.setattr(socket, "create_connection", connect_late)
    monkeypatch.setattr(smtp, "Timer", watch)
    with suppress(DeliveryFailed):
        send_mail(mail)
    assert watched == [0]


def test_nothing_is_under_way_for_longer_than_a_lease() -> None:
    """Else a second worker would send the same meanwhile."""
    assert max(smtp.SECONDS, outbound.SECONDS) + 5 < LEASE.total_seconds()
