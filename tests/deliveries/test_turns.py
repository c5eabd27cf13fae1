"""One turn of a destination at a time; and what is sent once more when somebody asks for it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.core.errors import Conflict
from syteops.core.outbound import Answer
from syteops.deliveries import sending, services
from syteops.deliveries.models import Delivery, DestinationState
from tests.deliveries.sending import Post, state_of, states
from tests.events.publish import a_system, publish
from tests.manage_api.plans import plan_of, sorts_everything

# --- Workers ---------------------------------------------------------------------------------


def test_two_turns_of_a_destination_never_overlap(post: Post) -> None:
    a_system()
    publish()
    assert sending.start_turns() == 1
    assert sending.start_turns() == 0


def test_who_has_lost_the_lease_sends_nothing(post: Post) -> None:
    a_system()
    publish()
    sending.start_turns()
    stale = str(state_of().lease)
    DestinationState.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    sending.start_turns()
    sending.take_turn.call(state_of().pk, stale)
    assert post.sent == []
    assert str(state_of().lease) != stale
    sending.take_turn.call(state_of().pk, str(state_of().lease))
    assert len(post.sent) == 1


def test_what_comes_during_a_turn_is_not_forgotten(post: Post) -> None:
    a_system()
    publish()
    sending.start_turns()
    lease = str(state_of().lease)
    a_system()
    publish()
    assert state_of().due_at is not None
    sending._end_turn(state_of().pk, lease)
    post.send_due()
    assert len(post.sent) == 2


@pytest.mark.sqlite_only  # of a few rows PostgreSQL takes whichever index costs as little
def test_what_is_next_is_found_by_an_index_however_much_waits(post: Post) -> None:
    """A receiver that was away with a hundred thousand waiting cost each message, also to others, a
    fifth of a second."""
    a_system()
    publish()
    with CaptureQueriesContext(connection) as seen:
        assert sending._first_of_each_object(state_of())[:1]
    plan = plan_of(seen[-1]["sql"])
    assert "delivery_waiting_by_event" in plan, plan
    assert not sorts_everything(plan), plan


def test_what_was_put_off_while_the_clock_was_a_year_ahead_is_sent(post: Post) -> None:
    """A machine that began with a wrong clock would send nothing there for a year."""
    a_system()
    a_system()
    publish()
    sending.start_turns()  # and its worker is killed
    year = timezone.now() + timedelta(days=365)
    Delivery.objects.update(next_attempt_at=year)
    DestinationState.objects.update(due_at=year, held_until=year, leased_until=year)
    post.send_due()
    assert len(post.sent) == 2
    assert set(Delivery.objects.values_list("state", flat=True)) == {"delivered"}


def test_turns_leave_no_tasks_behind(post: Post) -> None:
    a_system()
    post.deliver()
    assert post.told() == ["crm_system.created 001"]
    assert not DBTaskResult.objects.exists()


# --- Sending again -----------------------------------------------------------------------------


def test_a_delivery_is_sent_again_with_the_same_id(post: Post) -> None:
    a_system()
    post.deliver()
    services.resend(SYSTEM, Delivery.objects.get())
    post.send_due()
    assert len(post.sent) == 2
    assert len({one.id for one in post.sent}) == 1
    assert AuditEntry.objects.filter(event="deliveries.resent").count() == 1


def test_what_is_waiting_is_not_sent_again(post: Post) -> None:
    a_system()
    publish()
    with pytest.raises(Conflict):
        services.resend(SYSTEM, Delivery.objects.get())


def test_all_that_was_given_up_since_is_sent_again(post: Post) -> None:
    a_system()
    post.deliver()
    a_system()
    post.answers["a"] = [Answer(400, headers={"webhook-delivery": "abort-message"})]
    post.deliver()
    hour_ago = timezone.now() - timedelta(hours=1)

    assert services.resend_since(SYSTEM, "post", "a", timezone.now()) == 0
    assert services.resend_since(SYSTEM, "post", "a", hour_ago) == 1
    post.send_due()
    assert set(states()) == {"delivered"}
    assert services.resend_since(SYSTEM, "post", "a", hour_ago, everything=True) == 2


def test_of_very_many_the_oldest_are_sent_again_at_once(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        a_system()
    post.deliver()
    monkeypatch.setattr(services, "MOST_RESENT", 2)
    hour_ago = timezone.now() - timedelta(hours=1)
    assert services.resend_since(SYSTEM, "post", "a", hour_ago, everything=True) == 2
    assert states() == ["waiting", "waiting", "delivered"]
