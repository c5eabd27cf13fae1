"""Whoever is slow has turns in a queue, and so threads, that no fast destination waits for."""

from dataclasses import replace
from typing import Any

import httpcore
import pytest
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from syteops.core import outbound
from syteops.core.actors import SYSTEM
from syteops.core.outbound import Answer, OutboundFailed
from syteops.crm import services as crm
from syteops.deliveries import outcomes, sending
from syteops.deliveries.models import DestinationState
from syteops.integrations import catalogue
from tests.background import run_tasks
from tests.deliveries.sending import Post, state_of, wants
from tests.events.publish import a_system, publish

ALWAYS, NEVER = -1, 60_000
"""Milliseconds: what every answer takes longer than, and none."""


def turns() -> list[str]:
    """The queues of the turns that are to be taken now."""
    sending.start_turns()
    return list(DBTaskResult.objects.ready().values_list("queue_name", flat=True))


@pytest.fixture
def met(post: Post) -> Post:
    """It has answered before, and at once."""
    a_system("Before")
    post.deliver()
    post.sent.clear()
    return post


def test_whoever_is_met_for_the_first_time_keeps_no_other_waiting(post: Post) -> None:
    """480 new receivers that never answered held up one that did for a minute."""
    a_system()
    publish()
    assert turns() == ["slow_deliveries"]
    run_tasks()
    a_system("Second")
    publish()
    assert turns() == ["deliveries"]


@pytest.mark.parametrize("answer", [Answer(500), OutboundFailed("Silence.")])
def test_nor_does_whoever_did_not_take_the_last_message(met: Post, answer: Any) -> None:
    met.answers["a"] = answer
    a_system()
    publish()
    assert turns() == ["deliveries"]
    run_tasks()
    DestinationState.objects.update(due_at=timezone.now(), held_until=None)
    assert turns() == ["slow_deliveries"]


def test_who_takes_long_gives_its_thread_back_and_goes_on_among_the_slow(
    met: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outcomes, "SLOW_FROM", ALWAYS)
    crm.update_crm_system(SYSTEM, a_system(), name="Other")
    a_system("Third")
    publish()
    assert turns() == ["deliveries"]
    run_tasks()
    assert (len(met.sent), state_of().is_slow) == (1, True)

    assert turns() == ["slow_deliveries"]
    run_tasks()
    assert len(met.sent) == 3
    assert met.told()[:2] == ["crm_system.created 002", "crm_system.updated 002"]


def test_who_is_fast_again_leaves_the_slow(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outcomes, "SLOW_FROM", ALWAYS)
    a_system()
    post.deliver()
    monkeypatch.setattr(outcomes, "SLOW_FROM", NEVER)
    a_system("Second")
    publish()
    assert turns() == ["slow_deliveries"]
    run_tasks()
    assert (len(post.sent), state_of().is_slow) == (2, False)

    a_system("Third")
    publish()
    assert turns() == ["deliveries"]


def test_the_others_stay_where_they_are(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    post.destinations = [wants("a", "crm_system.created"), wants("b", "crm_system.updated")]
    monkeypatch.setattr(outcomes, "SLOW_FROM", ALWAYS)
    system = a_system()
    post.deliver()
    monkeypatch.undo()
    crm.update_crm_system(SYSTEM, system, name="Other")
    post.deliver()
    crm.update_crm_system(SYSTEM, system, name="Another")
    a_system("Second")
    publish()

    assert sorted(turns()) == ["deliveries", "slow_deliveries"]


def test_of_one_address_that_falls_silent_the_fast_ones_wait_once(
    met: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """480 receivers at one host that had all been good held each fast thread for ten minutes."""
    met.destinations = [wants("b", "crm_system.*"), wants("c", "crm_system.*")]
    a_system("Met")
    met.deliver()
    met.sent.clear()
    in_a_hurry = []

    def time_out(*args: Any, **kwargs: Any) -> Any:
        in_a_hurry.append(outbound._hurries.get())
        raise httpcore.ConnectTimeout

    monkeypatch.setattr(outbound._Network, "connect_tcp", time_out)
    silent = replace(
        catalogue._catalogue["post"], send=lambda *_: outbound.post("https://example.com", b"{}")
    )
    monkeypatch.setitem(catalogue._catalogue, "post", silent)
    a_system("Silent")
    publish()
    assert turns() == ["deliveries", "deliveries"]

    run_tasks()

    assert in_a_hurry == [True, False], "the second one among the slow ones"
    assert all(state_of(one).failing_since for one in ("b", "c"))
