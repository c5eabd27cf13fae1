"""Old entries are cut off at the oldest end, and the rest still verifies."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from syteops.audit import chain, retention, verification
from syteops.audit.models import AuditChain, AuditEntry
from syteops.audit.services import prune
from syteops.core.actors import SYSTEM
from syteops.crm import services
from tests.trail import allow_anything, copied, cut_before

pytestmark = pytest.mark.django_db


def test_retention_cuts_the_oldest_end_and_the_rest_still_verifies(
    entries: list[AuditEntry],
) -> None:
    assert cut_before(entries[6].at) == 6

    assert AuditEntry.objects.order_by("sequence").first() == entries[6]
    assert verification.verify() == (4, 0, verification.verify().head, "")
    AuditEntry.objects.filter(sequence=7).delete()
    assert verification.verify().problem


def test_nothing_is_cut_from_an_end_that_does_not_hold(entries: list[AuditEntry]) -> None:
    """The cut would be signed, and what somebody did to the end with it."""
    AuditChain.objects.update(cut_sequence=3)

    with pytest.raises(chain.BrokenChain):
        cut_before(timezone.now())

    assert AuditEntry.objects.count() == 10
    assert verification.verify().problem


def test_nor_from_one_that_was_altered_since_its_entries_were_verified(
    entries: list[AuditEntry],
) -> None:
    end = retention.old_end(entries[6].at)
    assert end
    AuditChain.objects.update(head_sequence=3)

    with pytest.raises(chain.BrokenChain):
        retention.cut_off(end)
    assert AuditEntry.objects.count() == 10


def _make_old(entries: list[AuditEntry]) -> None:
    AuditEntry.objects.filter(sequence__lte=8).update(at=timezone.now() - timedelta(days=9))


def _make_one_old(entries: list[AuditEntry]) -> None:
    AuditEntry.objects.filter(sequence=1).update(at=timezone.now() - timedelta(days=9))


def _make_all_old(entries: list[AuditEntry]) -> None:
    AuditEntry.objects.update(at=timezone.now() - timedelta(days=9))


def _keep_all(entries: list[AuditEntry]) -> None:
    AuditEntry.objects.filter(sequence=1).update(at=timezone.now() + timedelta(days=9))


def _make_one_up(entries: list[AuditEntry]) -> None:
    """Below the cut, where the next one would take it away."""
    made_up = entries[0]
    made_up.pk, made_up.uid, made_up.sequence = None, uuid.uuid4(), -1
    AuditEntry.objects.bulk_create([made_up])


@pytest.mark.parametrize(
    "tamper", [_make_old, _make_one_old, _make_all_old, _keep_all, _make_one_up]
)
def test_nothing_is_cut_that_is_not_what_was_signed(
    entries: list[AuditEntry], settings: Any, tamper: Callable[[list[AuditEntry]], None]
) -> None:
    """Else the product itself would remove what somebody made look old, and sign that."""
    settings.AUDIT_RETENTION_DAYS = 7
    tamper(entries)
    count = AuditEntry.objects.count()

    with pytest.raises(CommandError, match=r"Nothing more was removed\. Entry"):
        call_command("prune_audit")

    assert AuditEntry.objects.count() == count
    assert verification.verify().problem


def test_a_copy_of_what_goes_does_not_stay_alone(entries: list[AuditEntry]) -> None:
    """Signed as it is, with a new place, it would tell of something that was done once more."""
    allow_anything()
    copied(entries[0])

    for moment in (entries[6].at, timezone.now()):
        with pytest.raises(chain.BrokenChain, match="twice"):
            cut_before(moment)
        chain.seal_pending()


def test_of_two_that_cut_the_slower_one_cuts_nothing(entries: list[AuditEntry]) -> None:
    slower, faster = (retention.old_end(entries[n].at) for n in (3, 6))
    assert slower
    assert faster
    assert retention.cut_off(faster) == 6
    assert retention.cut_off(faster) == retention.cut_off(slower) == 0
    assert verification.verify()[:2] == (4, 0)
    assert verification.verify().problem == ""


def test_a_clock_that_was_ahead_while_it_was_cut_stops_nothing(entries: list[AuditEntry]) -> None:
    assert cut_before(timezone.now() + timedelta(days=365)) == 10
    services.create_crm_system(SYSTEM, name="By the right clock again")
    assert chain.seal_pending() == 1
    assert verification.verify()[:2] == (1, 0)
    assert verification.verify().problem == ""


def test_nothing_is_stored_as_of_before_the_cut(
    entries: list[AuditEntry], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would never be sealed, and the trail never be whole again."""
    cut_before(entries[6].at)
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
    cut_before(entries[6].at)
    back = entries[5]
    back.sequence, back.seal, back._state.adding = None, "", True
    back.save(force_insert=True)
    assert chain.seal_pending() == 0
    assert "cut off" in verification.verify().problem


def test_very_many_are_cut_off_in_several_transactions(
    entries: list[AuditEntry], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those who write, or seal, wait for each."""
    monkeypatch.setattr(retention, "MOST_AT_ONCE", 4)
    AuditEntry.objects.filter(sequence=10).update(code="altered")

    settings.AUDIT_RETENTION_DAYS = -1
    with pytest.raises(chain.BrokenChain, match="number 10"):
        prune(SYSTEM)

    told = AuditEntry.objects.filter(event="audit.pruned").order_by("id")
    assert [one.changes["entries_removed"]["after"] for one in told] == [4, 4]
    assert AuditEntry.objects.exclude(sequence=None).earliest("sequence") == entries[8]


def test_what_was_cut_and_comes_back_is_found_whatever_is_cut_later(
    entries: list[AuditEntry],
) -> None:
    """What follows may be older, as where the clock was ahead: the cut moved back to it."""
    back = entries[4]
    assert cut_before(entries[5].at) == 5
    older = retention.old_end(timezone.now())
    assert older
    retention.cut_off(older._replace(at=entries[0].at))
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
