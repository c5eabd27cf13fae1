"""From the audit trail to the feed: every change once, in the order of the commits."""

from collections.abc import Sequence
from typing import Any

import pytest
from django.db import transaction

from syteops.audit import chain
from syteops.audit.models import AuditEntry, Outcome
from syteops.audit.services import record_refusal
from syteops.core.actors import SYSTEM
from syteops.crm import services as crm
from syteops.events import publishing
from syteops.events.models import Event, Stream
from syteops.events.variable_changes import changed_variables
from tests.events.publish import a_system, publish


def types() -> list[str]:
    return list(Event.objects.values_list("type", flat=True))


def changes() -> list[tuple[int, str]]:
    """Without what is told of variables."""
    found = Event.objects.exclude(type="variables.changed")
    return list(found.values_list("id", "type"))


def test_what_was_before_the_feed_began_is_not_in_it() -> None:
    Stream.objects.all().delete()
    a_system()
    assert publish() == 0
    a_system()
    publish()
    assert [one for _, one in changes()] == ["crm_system.created"]


def test_every_change_is_published_once_and_in_order() -> None:
    system = a_system()
    crm.update_crm_system(SYSTEM, system, name="Salesforce")
    crm.delete_crm_system(SYSTEM, system)
    publish()

    assert publish() == 0
    wanted = ["crm_system.created", "crm_system.updated", "crm_system.deleted"]
    assert [one for _, one in changes()] == wanted
    assert list(Event.objects.values_list("id", flat=True)) == list(
        range(1, Event.objects.count() + 1)
    )
    entries = AuditEntry.objects.filter(object_resource="crm").order_by("sequence")
    events = Event.objects.filter(resource="crm")
    assert list(events.values_list("uid", "at", "object_id")) == list(
        entries.values_list("uid", "at", "object_id")
    )


def test_an_entry_that_is_not_committed_is_no_event() -> None:
    a_system()  # not sealed: that follows the commit
    assert publishing.publish() == 0
    assert types() == []


def test_a_refusal_is_no_event_and_does_not_stop_the_feed() -> None:
    record_refusal(SYSTEM, "crm", "001", "permission_denied")
    a_system()
    publish()
    assert AuditEntry.objects.filter(outcome=Outcome.REFUSED).exists()
    assert [one for _, one in changes()] == ["crm_system.created"]


def test_more_than_a_batch_is_published_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publishing, "_batch", 2)
    for _ in range(5):
        a_system()
    publish()
    assert [number for number, _ in changes()] == [1, 2, 3, 4, 5]


def test_no_transaction_is_longer_than_others_should_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many destinations want each event. Whoever waits gets a turn in between."""
    now = 0.0
    rests: list[float] = []
    batches: list[int] = []

    def listen(events: Sequence[Event]) -> None:
        nonlocal now
        now += 0.1 * len(events)
        batches.append(len(events))

    monkeypatch.setattr(publishing, "monotonic", lambda: now)
    monkeypatch.setattr(publishing, "sleep", rests.append)
    monkeypatch.setattr(publishing, "_listeners", [listen])
    monkeypatch.setattr(publishing, "_batch", 20)
    for _ in range(40):
        a_system()
    publish()
    assert batches[:5] == [20, 5, 5, 5, 5]
    assert len(changes()) == 40
    assert max(rests) == pytest.approx(2.0)
    assert sum(one > 0 for one in rests) == 4


def test_many_are_published_together_where_that_is_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    batches: list[int] = []
    monkeypatch.setattr(publishing, "monotonic", lambda: 0.0)
    monkeypatch.setattr(publishing, "_listeners", [lambda events: batches.append(len(events))])
    monkeypatch.setattr(publishing, "_batch", 2)
    for _ in range(20):
        a_system()
    publish()
    assert batches[:3] == [2, 4, 8]


def test_who_is_killed_while_publishing_leaves_nothing_half_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    a_system()
    chain.seal_pending()

    def die(events: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(publishing, "_listeners", [die])
    with pytest.raises(KeyboardInterrupt), transaction.atomic():
        publishing.publish()
    assert types() == []

    monkeypatch.setattr(publishing, "_listeners", [])
    publish()
    assert changes() == [(1, "crm_system.created")]


def test_a_listener_gets_each_event_with_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[int, str]] = []
    monkeypatch.setattr(publishing, "_listeners", [])
    publishing.on_publish(lambda events: told.extend((one.id, one.type) for one in events))
    a_system()
    publish()
    assert told[0] == (1, "crm_system.created")


def test_how_far_behind_it_is() -> None:
    assert publishing.seconds_behind() == 0
    a_system()
    chain.seal_pending()
    assert publishing.seconds_behind() > 0
    publish()
    assert publishing.seconds_behind() == 0


def test_nothing_to_publish_costs_one_query(django_assert_num_queries) -> None:
    publish()
    with django_assert_num_queries(1):
        publishing.publish()


def test_comparing_very_many_variables_leaves_the_processor_to_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    publish()
    clock, compared = [1000.0], []

    def compare() -> Any:
        compared.append(clock[0])
        clock[0] += 5.0  # so long it takes
        return changed_variables()

    monkeypatch.setattr(publishing, "_rests_until", 0.0)
    monkeypatch.setattr(publishing, "monotonic", lambda: clock[0])
    monkeypatch.setattr(publishing, "changed_variables", compare)
    for number in range(6):
        a_system(f"System {number}")
        chain.seal_pending()
        publishing.publish()
        clock[0] += 4.0
    assert compared == [1000.0, 1025.0]
