"""What arrives is signed so that anybody can check it, and no receiver can do any harm."""

import json
import time
from collections.abc import Iterator
from threading import Event, Thread
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from syteops.core import outbound
from syteops.core.actors import SYSTEM
from syteops.crm import services as crm
from syteops.deliveries import sending
from syteops.deliveries.models import Delivery, DeliveryAttempt, DestinationState
from syteops.integrations.sending import KEPT_ANSWER
from syteops.webhooks import services
from syteops.webhooks.models import Webhook
from tests.background import run_tasks
from tests.events.publish import a_system, publish
from tests.integrations.receivers import Received, Receiver, listening
from tests.integrations.test_sending import resolve_to
from tests.samples.team import a_member
from tests.samples.webhooks import a_webhook
from tests.waiting import PATIENCE, becomes_true


def deliver() -> None:
    """Publish what has happened, and send what is due."""
    publish()
    while sending.start_turns():
        run_tasks()


def verified(got: Received, secret: str) -> Any:
    """The message, as the library of the standard takes it. Raises WebhookVerificationError."""
    return Verifier(secret).verify(got.body, got.headers)


def attempt() -> DeliveryAttempt:
    return DeliveryAttempt.objects.latest("pk")


# --- Signatures --------------------------------------------------------------------------------


def test_an_event_arrives_as_the_feed_tells_it_and_verifies(api: Any, receiver: Receiver) -> None:
    webhook = a_webhook(f"{receiver.url}/hook?x=1")
    a_system()
    deliver()

    (got,) = receiver.received
    assert got.path == "/hook?x=1"
    message = verified(got, webhook.new_secret)
    [told] = api.get("/events?type=crm_system.*").json()["events"]
    assert message == told
    assert got.headers["webhook-id"] == told["id"]
    assert got.headers["content-type"] == "application/json"
    assert Delivery.objects.get().state == "delivered"


def test_what_was_altered_or_signed_by_others_does_not_verify(receiver: Receiver) -> None:
    webhook = a_webhook(receiver.url)
    a_system()
    deliver()
    (got,) = receiver.received
    with pytest.raises(WebhookVerificationError):
        verified(got, a_webhook().new_secret)
    for name in ("webhook-id", "webhook-timestamp"):
        altered = {**got.headers, name: got.headers[name] + "1"}
        with pytest.raises(WebhookVerificationError):
            verified(Received("", altered, got.body), webhook.new_secret)
    with pytest.raises(WebhookVerificationError):
        verified(Received("", got.headers, got.body + b" "), webhook.new_secret)


def test_during_a_rotation_both_secrets_verify(receiver: Receiver) -> None:
    webhook = a_webhook(receiver.url)
    first = webhook.new_secret
    second = services.rotate_secret(SYSTEM, webhook).new_secret
    a_system()
    deliver()
    (got,) = receiver.received
    assert len(got.headers["webhook-signature"].split(" ")) == 2
    assert verified(got, first) == verified(got, second)

    third = services.rotate_secret(SYSTEM, webhook).new_secret
    a_system()
    deliver()
    verified(receiver.received[1], third)
    with pytest.raises(WebhookVerificationError):
        verified(receiver.received[1], first)


def test_a_repetition_has_the_same_id_and_is_signed_anew(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook = a_webhook(receiver.url)
    receiver.status = 500
    a_system()
    deliver()
    Delivery.objects.update(next_attempt_at="2020-01-01T00:00Z")
    DestinationState.objects.update(due_at="2020-01-01T00:00Z")
    deliver()
    first, second = receiver.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert verified(first, webhook.new_secret) == verified(second, webhook.new_secret)


def test_without_a_secret_it_waits_and_nothing_is_lost(receiver: Receiver) -> None:
    webhook = a_webhook()
    services.update_webhook(SYSTEM, webhook, url=receiver.url)
    a_system()
    deliver()
    assert receiver.received == []
    assert "Rotate its secret" in attempt().problem
    secret = services.rotate_secret(SYSTEM, webhook).new_secret
    Delivery.objects.update(next_attempt_at="2020-01-01T00:00Z")
    DestinationState.objects.update(due_at="2020-01-01T00:00Z", held_until=None)
    deliver()
    verified(receiver.received[0], secret)


# --- What is told --------------------------------------------------------------------------------


def test_values_of_others_are_sent_to_who_wants_events_of_those_only(receiver: Receiver) -> None:
    a_webhook(f"{receiver.url}/crm", "crm_system.*")
    a_webhook(f"{receiver.url}/both", "crm_system.*", "team_member.erased")
    a_webhook(f"{receiver.url}/all", "*")
    system = a_system()
    a_member(crm_ids={system.slot: "ada-1"})
    crm.delete_crm_system(SYSTEM, system)
    deliver()
    told = {
        one.path: json.loads(one.body)["data"]["changes"]
        for one in receiver.received
        if json.loads(one.body)["type"] == "crm_system.deleted"
    }
    assert told["/crm"].keys() == told["/both"].keys() - {"identifiers"}
    assert "ada-1" in str(told["/both"])
    assert told["/both"] == told["/all"]


def test_a_test_arrives_whatever_events_are_wanted(receiver: Receiver) -> None:
    webhook = a_webhook(f"{receiver.url}/few", "role.*")
    everything = a_webhook(f"{receiver.url}/all", "*")
    deliver()
    receiver.received.clear()
    services.send_test(SYSTEM, webhook)
    services.send_test(SYSTEM, everything)
    deliver()
    few = [one for one in receiver.received if one.path == "/few"]
    assert [verified(one, webhook.new_secret)["type"] for one in few] == ["webhook.tested"]
    to_all = [json.loads(one.body) for one in receiver.received if one.path == "/all"]
    assert [one["type"] for one in to_all] == ["webhook.tested"] * 2
    assert len({one["id"] for one in to_all}) == 2


def test_deleting_or_deactivating_it_sends_nothing_that_waits(receiver: Receiver) -> None:
    deleted, inactive = a_webhook(receiver.url), a_webhook(receiver.url)
    a_system()
    publish()
    services.delete_webhook(SYSTEM, deleted)
    services.update_webhook(SYSTEM, inactive, active=False)
    a_system()
    deliver()
    assert receiver.received == []
    assert set(Delivery.objects.values_list("state", flat=True)) == {"cancelled"}


# --- Receivers that do harm ----------------------------------------------------------------------


def test_a_redirect_into_our_own_network_is_not_followed(receiver: Receiver) -> None:
    with listening() as inside:
        receiver.status, receiver.location = 307, f"{inside.url}/admin"
        a_webhook(receiver.url)
        a_system()
        deliver()
        assert len(receiver.received) == 1
        assert inside.received == []
    assert attempt().status == 307
    assert Delivery.objects.get().state == "waiting"


def test_a_name_that_comes_to_lead_into_our_network_is_refused(
    receiver: Receiver, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ALLOW_PRIVATE_URLS = False
    a_webhook(f"http://hooks.example.com:{receiver.port}/")
    resolve_to(monkeypatch, "127.0.0.1")
    a_system()
    deliver()
    assert receiver.received == []
    assert "private" in attempt().problem


def test_of_an_endless_answer_only_the_beginning_is_read(receiver: Receiver) -> None:
    def gigabyte() -> Iterator[bytes]:
        for _ in range(16_384):
            yield b"x" * 65_536

    receiver.body = gigabyte
    a_webhook(receiver.url)
    a_system()
    deliver()
    assert Delivery.objects.get().state == "delivered"
    assert attempt().answer == "x" * KEPT_ANSWER
    assert receiver.answered < 32 * 2**20


def test_an_answer_that_drips_ends_in_time(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = Event()

    def drip() -> Iterator[bytes]:
        while not over.wait(0.05):
            yield b"."

    receiver.body = drip
    monkeypatch.setattr(outbound.exchange, "__kwdefaults__", {**_DEFAULTS, "seconds": 2.0})
    a_webhook(receiver.url)
    a_system()
    began = time.monotonic()
    deliver()
    over.set()
    assert time.monotonic() - began < 60
    assert Delivery.objects.get().state == "delivered"
    assert 0 < len(attempt().answer) < 60


_DEFAULTS: dict[str, Any] = dict(outbound.exchange.__kwdefaults__ or {})


def test_410_and_retry_after_of_one_receiver_leave_the_other_alone(receiver: Receiver) -> None:
    with listening() as busy:
        receiver.status, busy.status, busy.headers = 410, 429, {"Retry-After": "3600"}
        webhooks = [a_webhook(url) for url in (receiver.url, busy.url)]
        a_system()
        a_system()
        deliver()
        assert (len(receiver.received), len(busy.received)) == (1, 1)
    gone, held = (DestinationState.objects.get(destination=str(one.pk)) for one in webhooks)
    assert "410" in gone.why_paused
    assert held.paused_at is None
    assert held.due_at is not None


def test_a_secret_that_the_receiver_shows_is_not_kept(receiver: Receiver) -> None:
    webhook = a_webhook(receiver.url)
    receiver.status = 401
    receiver.body = lambda: [f"expected {webhook.new_secret}".encode()]
    a_system()
    deliver()
    assert attempt().answer == "expected •••"


@pytest.mark.django_db(transaction=True)
def test_a_slow_receiver_delays_no_other(receiver: Receiver) -> None:
    answer = Event()

    def late() -> Iterator[bytes]:
        answer.wait(PATIENCE)
        yield b"."

    with listening() as slow:
        slow.body = late
        turns = [(a_webhook(url), url) for url in (slow.url, receiver.url)]
        crm.create_crm_system(SYSTEM, name="HubSpot")
        publish()
        workers = [Thread(target=_turn_of, args=(webhook,)) for webhook, _ in turns]
        workers[0].start()
        assert becomes_true(lambda: slow.received)
        workers[1].start()
        workers[1].join(PATIENCE)
        fast = Delivery.objects.get(destination=str(turns[1][0].pk))
        pending = Delivery.objects.get(destination=str(turns[0][0].pk))
        assert (fast.state, pending.state) == ("delivered", "waiting")
        answer.set()
        workers[0].join(PATIENCE)
        pending.refresh_from_db()
        assert pending.state == "delivered"


def _turn_of(webhook: Webhook) -> None:
    try:
        state = DestinationState.objects.get(destination=str(webhook.pk))
        lease = "0193a5b0-7c1e-7d4a-8f00-2b1c3d4e5f60"
        DestinationState.objects.filter(pk=state.pk).update(lease=lease)
        sending.take_turn.call(state.pk, lease)
    finally:
        connection.close()


def test_a_turn_reads_no_other_webhook_than_its_own(receiver: Receiver) -> None:
    """Else each of a thousand would read a thousand for each of its messages."""
    mine = a_webhook(receiver.url)
    Webhook.objects.bulk_create(Webhook(name=str(n), types=["x.*"]) for n in range(3))
    a_system()
    publish()
    assert sending.start_turns() == 1
    with CaptureQueriesContext(connection) as seen:
        run_tasks()
    assert len(receiver.received) == 1
    read = [one["sql"] for one in seen if 'FROM "webhooks_webhook"' in one["sql"]]
    assert read
    assert [sql for sql in read if f"= {mine.pk}" not in sql and f"({mine.pk})" not in sql] == []
