"""Old entries are cut off at the oldest end, and the rest still verifies."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from syteops.audit import chain, verification
from syteops.audit.models import AuditChain, AuditEntry
from syteops.core.actors import SYSTEM
from syteops.crm import services

pytestmark = pytest.mark.django_db


def test_retention_cuts_the_oldest_end_and_the_rest_still_verifies(
    entries: list[AuditEntry],
) -> None:
    assert chain.cut_before(entries[6].at) == 6

    assert AuditEntry.objects.order_by("sequence").first() == entries[6]
    assert verification.verify() == (4, 0, verification.verify().head, "")
    AuditEntry.objects.filter(sequence=7).delete()
    assert verification.verify().problem


def test_nothing_is_cut_from_an_end_that_does_not_hold(entries: list[AuditEntry]) -> None:
    """The cut would be signed, and what somebody did to the end with it."""
    AuditChain.objects.update(cut_sequence=3)

    with pytest.raises(chain.BrokenChain):
        chain.cut_before(timezone.now())

    assert AuditEntry.objects.count() == 10
    assert verification.verify().problem


def test_a_clock_that_was_ahead_while_it_was_cut_stops_nothing(entries: list[AuditEntry]) -> None:
    assert chain.cut_before(timezone.now() + timedelta(days=365)) == 10
    services.create_crm_system(SYSTEM, name="By the right clock again")
    assert chain.seal_pending() == 1
    assert verification.verify()[:2] == (1, 0)
    assert verification.verify().problem == ""


def test_nothing_is_stored_as_of_before_the_cut(
    entries: list[AuditEntry], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would never be sealed, and the trail never be whole again."""
    chain.cut_before(entries[6].at)
    with monkeypatch.context() as patched:
        patched.setattr(timezone, "now", lambda: entries[0].at)
        with pytest.raises(chain.TrailBroken) as refusal:
            chain.require_intact()
        assert not chain.is_intact()
    assert "clock" in refusal.value.detail
    services.create_crm_system(SYSTEM, name="Today")
    chain.seal_pending()
    assert verification.verify().problem == ""


def test_what_was_cut_and_comes_back_is_found(entries: list[AuditEntry]) -> None:
    """Even the newest of it."""
    chain.cut_before(entries[6].at)
    back = entries[5]
    back.sequence, back.seal, back._state.adding = None, "", True
    back.save(force_insert=True)
    assert chain.seal_pending() == 0
    assert "cut off" in verification.verify().problem


def test_pruning_is_an_entry_itself(entries: list[AuditEntry], settings: Any) -> None:
    settings.AUDIT_RETENTION_DAYS = 30
    month_ago = timezone.now() - timedelta(days=31)
    old = AuditEntry(at=month_ago, actor_kind="key", door="rest", event="crm_system.updated")
    old.mac = chain.mac_of(old)
    AuditEntry.objects.all().delete()
    AuditChain.objects.all().delete()
    chain.begin()
    old.save()
    services.create_crm_system(SYSTEM, name="New")
    assert chain.seal_pending() == 2

    call_command("prune_audit")

    kept = AuditEntry.objects.order_by("pk")
    assert [one.event for one in kept] == ["crm_system.created", "audit.pruned"]
    pruned = kept[1]
    assert pruned.changes["entries_removed"] == {"before": None, "after": 1}
    assert (pruned.actor_id, pruned.door) == ("prune_audit", "command")
    chain.seal_pending()
    assert verification.verify()[:2] == (2, 0)
    call_command("prune_audit")
    assert AuditEntry.objects.count() == 2


def test_pruning_keeps_everything_until_a_retention_is_set(
    entries: list[AuditEntry], settings: Any
) -> None:
    settings.AUDIT_RETENTION_DAYS = 0
    call_command("prune_audit")
    assert AuditEntry.objects.count() == 10

    settings.AUDIT_RETENTION_DAYS = 1
    call_command("prune_audit")
    assert AuditEntry.objects.count() == 10
