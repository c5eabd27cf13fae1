"""What the start page asks of keys, however many there are."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from manage_api.keys import alterations, services
from manage_api.keys import traffic as counting
from manage_api.keys.models import KeyCalls, ManageKey
from syteops.audit.models import AuditEntry, Outcome
from syteops.core.actors import SYSTEM, ActorKind


def a_key(name: str) -> ManageKey:
    return services.create_restricted_key(SYSTEM, name=name, scopes=["crm:read"]).key


@pytest.mark.django_db
@pytest.mark.combination
def test_the_busiest_are_those_with_most_calls_and_of_these_with_most_refusals(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(counting, "SHOWN", 3)
    now = timezone.now()
    for name, calls, refused in (
        ("quiet", 0, 0), ("early", 5, 0), ("late", 5, 0), ("last", 5, 0),
        ("refused", 5, 1), ("busy", 7, 0), ("only refused", 0, 9),
    ):  # fmt: skip
        key = a_key(name)
        for ago in range(2 if calls else 0):
            hour = now - timedelta(hours=ago)
            KeyCalls.objects.create(key=key, hour=hour, calls=calls - ago)
        AuditEntry.objects.bulk_create(
            AuditEntry(
                actor_kind=ActorKind.KEY,
                actor_id=key.public_id,
                event="api.refused",
                outcome=Outcome.REFUSED,
            )
            for _ in range(refused)
        )

    found = counting.traffic(AuditEntry.objects.all())

    shown = [(one.key.name, one.calls, one.refused) for one in found.keys]
    assert shown == [("busy", 13, 0), ("refused", 9, 1), ("early", 9, 0)]
    assert found.used == 6


@pytest.mark.django_db(transaction=True)
@pytest.mark.combination
def test_keys_are_looked_at_again_once_anything_was_written() -> None:
    key = a_key("Tool")

    def reads_no_key() -> bool:
        assert alterations.altered_keys() == []
        with CaptureQueriesContext(connection) as seen:
            assert alterations.altered_keys() == []
        return not any("keys_managekey" in one["sql"] for one in seen)

    # On PostgreSQL the tests of other processes write on the same server.
    assert any(reads_no_key() for _ in range(1 if connection.vendor == "sqlite" else 100))

    ManageKey.objects.filter(pk=key.pk).update(scopes=["crm:write"])
    for _ in range(2):
        assert alterations.altered_keys() == [key]
    key.delete()
    assert alterations.altered_keys() == []
