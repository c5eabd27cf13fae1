"""What cannot be recorded is not sent either, nor lost: it is done once the trail is whole."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from estimates import visits
from estimates.models import Estimate
from manage_api.keys import expiry, services
from syteops.audit import chain
from syteops.audit.models import AuditChain
from syteops.core.actors import SYSTEM
from syteops.core.outbound import Answer
from tests.background import run_tasks
from tests.deliveries.sending import Post, let_pass, post_integration, state_of, states
from tests.estimates.mails import pass_time
from tests.estimates.test_client_page import link
from tests.events.publish import a_system, publish
from tests.integrations.mailing import site_with_mail
from tests.samples.estimates import a_sent_one

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def broken_trail() -> Iterator[None]:
    whole = AuditChain.objects.get()
    AuditChain.objects.update(mac="0" * 64)
    yield
    whole.save()


@pytest.fixture
def post() -> Iterator[Post]:
    with post_integration() as post:
        publish()
        yield post


def test_the_mail_of_an_estimate_is_sent_once(settings: Settings) -> None:
    with site_with_mail(settings) as sink:
        a_sent_one()
        with broken_trail():
            run_tasks()
        assert sink.mails == []
        pass_time(minutes=10)
        run_tasks()
        assert len(sink.mails) == 1
    assert Estimate.objects.get().mail_state == "sent"


def test_the_warning_that_a_key_ends_is_sent_once(settings: Settings, alice: User) -> None:
    soon = timezone.now() + timedelta(days=6)
    given: dict[str, Any] = {
        "name": "=?utf-8?q?k?=",
        "scopes": ["crm:read"],
        "expires_at": soon,
        "sponsor": alice,
    }
    with site_with_mail(settings) as sink:
        services.create_restricted_key(SYSTEM, **given)
        with broken_trail():
            for _ in range(2):
                with pytest.raises(chain.TrailBroken):
                    expiry.warn(SYSTEM)
        sent = len(sink.mails)
        assert sent == 0
        for _ in range(2):
            expiry.warn(SYSTEM)
        [mail] = sink.mails
        assert "=\N{WORD JOINER}?utf-8?q?k?=" in str(mail["Subject"]), "letter for letter"


def test_a_receiver_that_wants_no_more_is_asked_once_an_hour(post: Post) -> None:
    """To pause it would have to be recorded. What it got is noted, and not sent once more."""
    for _ in range(3):
        a_system()
    post.answers["a"] = Answer(410)
    publish()
    with broken_trail():
        for minutes in (0, 50, 20):
            let_pass(minutes * 60)
            post.send_due()
    assert states() == ["given_up", "given_up", "waiting"]
    let_pass(70 * 60)
    post.send_due()
    assert state_of().paused_at is not None


def test_views_of_clients_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visits, "is_running", lambda: True)
    visitor = Client()
    for estimate in (a_sent_one(), a_sent_one()):
        visitor.get(link(estimate))
    with broken_trail(), pytest.raises(chain.TrailBroken):
        visits.flush()
    visits.flush()
    assert [one.view_count for one in Estimate.objects.all()] == [1, 1]
