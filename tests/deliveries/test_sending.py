"""Every event arrives at least once, in order per object, whatever the receiver does."""

from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from django.utils import timezone

from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.core.errors import Conflict
from syteops.core.outbound import Answer, OutboundFailed
from syteops.crm import services as crm
from syteops.deliveries import outcomes, services
from syteops.deliveries.models import Delivery, DeliveryAttempt, DeliveryState, DestinationState
from syteops.integrations.catalogue import Destination
from syteops.integrations.errors import DeliveryFailed
from syteops.integrations.models import IntegrationState
from syteops.integrations.queries import Installed
from syteops.roles.services import create_role
from tests.deliveries.sending import Post, let_pass, state_of, states, wants
from tests.events.publish import a_system, publish


def test_what_a_destination_wants_arrives_in_order(post: Post) -> None:
    system = a_system()
    crm.update_crm_system(SYSTEM, system, name="Salesforce")
    crm.delete_crm_system(SYSTEM, system)
    post.deliver()

    assert post.told() == [
        "crm_system.created 001",
        "crm_system.updated 001",
        "crm_system.deleted 001",
    ]
    assert len({one.id for one in post.sent}) == 3
    assert set(states()) == {"delivered"}
    post.deliver()
    assert len(post.sent) == 3


def test_each_destination_gets_what_it_wants(post: Post) -> None:
    post.destinations = [wants("a", "crm_system.deleted"), wants("b", "*")]
    crm.delete_crm_system(SYSTEM, a_system())
    post.deliver()
    assert post.told("a") == ["crm_system.deleted 001"]
    assert "crm_system.created 001" in post.told("b")


def test_what_fails_is_sent_again_with_the_same_id(post: Post) -> None:
    post.answers["a"] = [Answer(500)]
    a_system()
    post.deliver()
    assert len(post.sent) == 1
    let_pass(6)
    post.send_due()
    first, second = post.sent
    assert first.id == second.id == first.events[0].public_id
    assert states() == ["delivered"]
    assert list(DeliveryAttempt.objects.order_by("id").values_list("status", flat=True)) == [
        500,
        204,
    ]


def test_what_is_about_the_same_object_waits_and_other_objects_do_not(post: Post) -> None:
    first, second = a_system("First"), a_system("Second")
    crm.update_crm_system(SYSTEM, first, name="Other")
    post.answers["a"] = [Answer(500)]
    post.deliver()
    assert post.told() == ["crm_system.created 001", "crm_system.created 002"]
    let_pass(6)
    post.send_due()
    assert post.told()[2:] == ["crm_system.created 001", "crm_system.updated 001"]
    assert second.slot == "002"


def test_the_schedule_ends_and_what_comes_later_goes_on(post: Post) -> None:
    system = a_system()
    post.answers["a"] = Answer(500)
    post.deliver()
    waits = []
    while (one := Delivery.objects.get()).state == DeliveryState.WAITING:
        assert one.next_attempt_at is not None
        waits.append((one.next_attempt_at - timezone.now()).total_seconds())
        let_pass(waits[-1] + 1)
        post.send_due()
    assert len(post.sent) == len(outcomes.SCHEDULE) == 8
    for wait, wanted in zip(waits, outcomes.SCHEDULE[1:], strict=True):
        assert wanted - 5 <= wait <= wanted * 1.1
    assert states() == ["given_up"]

    post.answers["a"] = Answer(204)
    crm.update_crm_system(SYSTEM, system, name="Salesforce")
    post.deliver()
    assert states() == ["given_up", "delivered"]


def test_a_receiver_that_does_not_answer_is_left_alone_for_a_while(post: Post) -> None:
    for _ in range(3):
        a_system()
    post.answers["a"] = DeliveryFailed("The address cannot be reached.")
    post.deliver()
    assert len(post.sent) == 1
    attempt = DeliveryAttempt.objects.get()
    assert (attempt.status, attempt.problem) == (None, "The address cannot be reached.")


@pytest.mark.parametrize("given", ["120", "  120 "])
def test_retry_after_holds_for_the_whole_destination(post: Post, given: str) -> None:
    a_system()
    a_system()
    post.answers["a"] = [Answer(429, headers={"retry-after": given})]
    post.deliver()
    assert len(post.sent) == 1
    let_pass(60)
    post.send_due()
    assert len(post.sent) == 1
    let_pass(61)
    post.send_due()
    assert len(post.sent) == 3
    assert set(states()) == {"delivered"}


ODD = ("", ",", "²", "é\udce9", "9" * 5_000, "-1", "Mon, 01 Jan 99999999999999 00:00:00 GMT",
       "1 Jan 2026 00:00:00 +9999999999999999", "31 Dec 9999 23:59:59 -2359")  # fmt: skip


@pytest.mark.parametrize("name", ["retry-after", "webhook-delivery"])
def test_no_header_of_a_receiver_keeps_a_try_from_being_counted(post: Post, name: str) -> None:
    """Else the same message would be sent for ever."""
    for odd in ODD:
        a_system()
        post.answers["a"] = [Answer(503, b"\0\xff", {name: odd})]
        post.deliver()
        assert DeliveryAttempt.objects.latest("pk").status == 503, odd
        assert Delivery.objects.latest("pk").attempts == 1, odd
        DestinationState.objects.update(held_until=None)
        Delivery.objects.all().delete()


def test_what_is_new_does_not_end_the_pause_that_was_asked_for(post: Post) -> None:
    a_system()
    post.answers["a"] = [Answer(429, headers={"retry-after": "120"})]
    post.deliver()
    a_system()
    post.deliver()
    assert len(post.sent) == 1
    let_pass(121)
    post.send_due()
    assert post.told()[1:] == ["crm_system.created 001", "crm_system.created 002"]


def test_nobody_can_ask_for_a_year(post: Post) -> None:
    a_system()
    post.answers["a"] = [Answer(503, headers={"retry-after": "99999999"})]
    post.deliver()
    let_pass(outcomes.LONGEST_HOLD + 1)
    post.send_due()
    assert states() == ["delivered"]


def test_410_pauses_the_destination_until_it_is_resumed(post: Post) -> None:
    a_system()
    a_system()
    post.answers["a"] = [Answer(410)]
    post.deliver()
    assert states() == ["given_up", "waiting"]
    assert "410" in state_of().why_paused
    entry = AuditEntry.objects.get(event="deliveries.paused")
    assert entry.object_id == "post/a"

    services.resume(SYSTEM, state_of())
    post.send_due()
    assert states() == ["given_up", "delivered"]
    assert AuditEntry.objects.filter(event="deliveries.resumed").exists()


@pytest.mark.parametrize(("wish", "paused"), [("abort-message", False), ("disable", True)])
def test_what_standard_webhooks_lets_a_receiver_ask_for(
    post: Post, wish: str, paused: bool
) -> None:
    a_system()
    post.answers["a"] = [Answer(400, headers={"webhook-delivery": wish})]
    post.deliver()
    assert states() == ["given_up"]
    assert (state_of().paused_at is not None) == paused


def test_a_destination_that_fails_for_five_days_is_paused(post: Post) -> None:
    a_system()
    post.answers["a"] = Answer(500)
    post.deliver()
    assert state_of().failing_since is not None
    assert state_of().paused_at is None
    days_ago = timezone.now() - timedelta(days=5, hours=1)
    DestinationState.objects.update(failing_since=days_ago)
    let_pass(6)
    post.send_due()
    assert "5 days" in state_of().why_paused


def test_it_is_known_what_came_of_the_last_try_until_one_succeeds(post: Post) -> None:
    a_system()
    post.answers["a"] = [Answer(500), OutboundFailed("Nobody is there."), Answer(204)]
    told = []
    for seconds in (0, 6, 400):
        let_pass(seconds)
        post.deliver()
        told.append(state_of().problem)
    assert told == ["Answered 500.", "Nobody is there.", ""]


def test_a_success_ends_the_days_of_failing(post: Post) -> None:
    a_system()
    post.answers["a"] = [Answer(500)]
    post.deliver()
    let_pass(6)
    post.send_due()
    assert state_of().failing_since is None


def test_switching_off_cancels_what_waits_and_queues_nothing_more(post: Post) -> None:
    a_system()
    publish()
    IntegrationState.objects.filter(slug="post").update(enabled=False)
    post.send_due()
    a_system()
    post.deliver()
    assert post.sent == []
    assert states() == ["cancelled"]


@pytest.mark.parametrize(
    ("name", "lacking"),
    [
        ("setup", Mock(side_effect=Conflict("A secret does not open."))),
        ("unavailable_reason", "Set EMAIL_URL."),
    ],
)
def test_what_cannot_be_sent_as_it_is_set_up_waits(
    post: Post, monkeypatch: pytest.MonkeyPatch, name: str, lacking: Any
) -> None:
    """A secret that did not open had all cancelled that waited, as had a start without EMAIL_URL,
    and nobody was told."""
    a_system()
    publish()
    with monkeypatch.context() as lost:
        lost.setattr(Installed, name, lacking)
        post.send_due()
    assert (post.sent, states()) == ([], ["waiting"])
    assert state_of().problem in ("A secret does not open.", "Set EMAIL_URL.")
    let_pass(3600)
    post.send_due()
    assert states() == ["delivered"]


def test_a_destination_that_is_gone_gets_nothing_more(post: Post) -> None:
    a_system()
    publish()
    post.destinations = []
    post.send_due()
    assert (post.sent, states()) == ([], ["cancelled"])


@pytest.mark.parametrize("together", [False, True])
def test_what_a_destination_wants_no_more_is_not_sent(post: Post, together: bool) -> None:
    a_system()
    publish()
    post.destinations = [wants("a", "role.*", together=together)]
    create_role(SYSTEM, name="Night watch")
    post.deliver()

    assert [one.split()[0] for one in post.told()] == ["role.created"]
    assert states() == ["cancelled", "delivered"]


def test_a_destination_may_want_events_later(post: Post) -> None:
    post.destinations = [
        wants("a", "*", first_at=lambda now: now + timedelta(hours=1), together=True)
    ]
    a_system()
    post.deliver()
    assert post.sent == []
    let_pass(3601)
    post.send_due()
    assert len(post.sent) == 1


def test_an_event_is_queued_for_many_in_as_many_statements_as_for_one(
    post: Post, django_assert_max_num_queries: Any
) -> None:
    """While it is queued, nobody else may write on SQLite."""
    post.destinations = [Destination(str(n), str(n), ("crm_system.*",)) for n in range(300)]
    for known in (0, 300):
        assert DestinationState.objects.count() == known
        a_system()
        with django_assert_max_num_queries(60):
            publish()
    assert Delivery.objects.count() == 600
    assert not DestinationState.objects.filter(due_at=None).exists()


def test_many_are_sent_again_in_as_many_statements_as_one(
    post: Post, django_assert_max_num_queries: Any
) -> None:
    a_system()
    post.deliver()
    one = Delivery.objects.get()
    Delivery.objects.bulk_create(
        Delivery(**{f.attname: getattr(one, f.attname) for f in Delivery._meta.fields[1:]})
        for _ in range(200)
    )
    hour_ago = timezone.now() - timedelta(hours=1)
    with django_assert_max_num_queries(30):
        assert services.resend_since(SYSTEM, "post", "a", hour_ago, everything=True) == 201
    assert set(states()) == {"waiting"}


def test_a_fault_of_ours_is_a_failed_try_and_stops_nobody(post: Post, caplog: Any) -> None:
    post.destinations = [wants("a", "*"), wants("b", "crm_system.*")]
    post.answers["a"] = ValueError("canary-secret")
    a_system()
    post.deliver()
    assert post.told("b") == ["crm_system.created 001"]
    assert "canary" not in caplog.text
    assert "canary" not in DeliveryAttempt.objects.exclude(problem="")[0].problem
