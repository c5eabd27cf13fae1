"""Each way of tampering with the trail is found, and named."""

import hashlib
import hmac
import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Model

from syteops.audit import chain, verification
from syteops.audit.models import AuditChain, AuditEntry
from syteops.audit.services import prune
from syteops.core.actors import SYSTEM
from syteops.crm import services
from tests.each import each
from tests.trail import allow_anything, copied, cut_before, seal_what_is_given_up

pytestmark = pytest.mark.django_db


def test_an_untouched_trail_is_whole(entries: list[AuditEntry]) -> None:
    report = verification.verify()

    assert (report.sealed, report.unsealed, report.problem) == (10, 0, "")


def test_what_is_not_sealed_yet_is_said(entries: list[AuditEntry]) -> None:
    services.create_crm_system(SYSTEM, name="Late")

    assert verification.verify().unsealed == 1


def test_under_another_key_nothing_holds(entries: list[AuditEntry], settings: Any) -> None:
    """Whoever can write to the database but has no AUDIT_KEY signs nothing that counts."""
    forged = AuditEntry(event="crm_system.updated", actor_kind="person", actor_id="1", door="rest")
    genuine = chain.mac_of(forged), chain.seal_of(entries[9].seal, 11, 11, entries[0].mac)

    settings.AUDIT_KEY = "a guess, as long as a key has to be, and still another one"

    assert not chain.is_intact()
    assert "AUDIT_KEY" in verification.verify().problem
    assert chain.mac_of(forged) != genuine[0]
    assert chain.seal_of(entries[9].seal, 11, 11, entries[0].mac) != genuine[1]


def columns_of(model: type[Model]) -> list[str]:
    """All of them, asked of the model: a column that nothing signs cannot hide from the test."""
    return [field.name for field in model._meta.concrete_fields]


def another(value: Any, column: str) -> Any:
    """A value of the same kind that is not `value`."""
    if isinstance(value, datetime):
        return value + timedelta(microseconds=1)
    if isinstance(value, uuid.UUID):
        return uuid.uuid4()
    if isinstance(value, int):
        return value + 999_999
    if column == "changes":
        return {"name": {"before": None, "after": "CRM 5"}}
    return f"{value}x"[-5:]


@each("column", columns_of(AuditEntry))
def test_a_changed_value_in_any_column_is_found(entries: list[AuditEntry], column: str) -> None:
    victim = entries[4]
    other = another(getattr(victim, column), column)

    AuditEntry.objects.filter(pk=victim.pk).update(**{column: other})

    assert verification.verify().problem


@each("column", [n for n in columns_of(AuditEntry) if n not in ("id", "mac")])
def test_so_is_one_in_an_entry_that_is_not_sealed_yet(
    entries: list[AuditEntry], column: str
) -> None:
    """Its seal, too: one that is there and proves nothing would look like one that does."""
    services.create_crm_system(SYSTEM, name="Late")
    victim = AuditEntry.objects.get(sequence=None)
    value = 11 if column == "sequence" else getattr(victim, column)

    AuditEntry.objects.filter(pk=victim.pk).update(**{column: another(value, column)})

    assert verification.verify().problem


@pytest.mark.parametrize("column", [n for n in columns_of(AuditChain) if n != "id"])
@pytest.mark.parametrize("cut", [False, True])
def test_a_changed_value_in_the_record_of_the_ends_is_found(
    entries: list[AuditEntry], column: str, cut: bool
) -> None:
    if cut:
        cut_before(entries[6].at)
    ends = AuditChain.objects.get()
    value = entries[0].at if column == "cut_at" and not cut else getattr(ends, column)

    AuditChain.objects.update(**{column: another(value, column)})

    assert verification.verify().problem
    assert not chain.is_intact()


def test_the_moment_of_a_cut_cannot_be_taken_back(entries: list[AuditEntry]) -> None:
    """Without it, whoever kept a copy of what was cut off could lay it in again as new."""
    old = AuditEntry.objects.get(pk=entries[2].pk)
    cut_before(entries[6].at)
    AuditChain.objects.update(cut_at=None)
    old.pk, old.sequence, old.seal = None, None, ""
    old._state.adding = True
    old.save()

    assert chain.seal_pending() == 0

    assert "altered" in verification.verify().problem


def _delete(entries: list[AuditEntry]) -> None:
    AuditEntry.objects.filter(pk=entries[4].pk).delete()


def _delete_the_first(entries: list[AuditEntry]) -> None:
    AuditEntry.objects.filter(pk=entries[0].pk).delete()


def _cut_the_tail(entries: list[AuditEntry]) -> None:
    AuditEntry.objects.filter(sequence__gt=7).delete()


def _cut_the_tail_and_lower_the_head(entries: list[AuditEntry]) -> None:
    _cut_the_tail(entries)
    AuditChain.objects.update(head_sequence=7, head_seal=entries[6].seal)


def _remove_everything(entries: list[AuditEntry]) -> None:
    AuditEntry.objects.all().delete()


def _swap(entries: list[AuditEntry]) -> None:
    one, two = entries[3], entries[4]
    AuditEntry.objects.filter(pk=one.pk).update(sequence=99)
    AuditEntry.objects.filter(pk=two.pk).update(sequence=one.sequence)
    AuditEntry.objects.filter(pk=one.pk).update(sequence=two.sequence)


def _swap_contents(entries: list[AuditEntry]) -> None:
    """With their MACs and all that they are found by: each is genuine, but in another place."""
    one, two = entries[3:5]
    names = [n for n in columns_of(AuditEntry) if n not in ("id", "sequence", "seal")]
    AuditEntry.objects.filter(pk=two.pk).update(uid=uuid.uuid4())  # no two have the same
    for victim, source in ((one, two), (two, one)):
        AuditEntry.objects.filter(pk=victim.pk).update(**{n: getattr(source, n) for n in names})


def _move_the_newest_on(entries: list[AuditEntry]) -> None:
    AuditEntry.objects.filter(pk=entries[9].pk).update(sequence=12)


def _lay_in_what_was_given_up(entries: list[AuditEntry]) -> None:
    """An entry with a seal that was right before an older copy of the database was restored."""
    stray = seal_what_is_given_up()
    for name in ("Instead", "Next"):
        services.create_crm_system(SYSTEM, name=name)
    chain.seal_pending()
    AuditEntry.objects.filter(sequence=11).delete()
    stray._state.adding = True
    stray.save()


def _give_a_new_one_an_old_place(entries: list[AuditEntry]) -> None:
    """By setting back from where the database numbers: nobody looks among the oldest for it."""
    late = AuditEntry(
        pk=-1,
        at=entries[9].at + timedelta(days=2),
        event="crm_system.updated",
        actor_kind="person",
        actor_id="1",
        door="rest",
    )
    late.mac = chain.mac_of(late)
    late.save(force_insert=True)
    chain.seal_pending()


def _insert_forged(entries: list[AuditEntry]) -> None:
    forged = AuditEntry(event="crm_system.updated", actor_kind="person", actor_id="1", door="rest")
    forged.mac = hmac.new(b"guess", b"content", hashlib.sha256).hexdigest()
    forged.save()


def _insert_a_copy(entries: list[AuditEntry]) -> None:
    copy = AuditEntry.objects.get(pk=entries[4].pk)
    copy.pk, copy.uid, copy.sequence, copy.seal = None, uuid.uuid4(), None, ""
    copy._state.adding = True
    copy.save()


def _unseal(entries: list[AuditEntry], after: int = 0) -> None:
    AuditEntry.objects.filter(sequence__gt=after).update(sequence=None, seal="")


def _cut_the_middle_and_start_over(entries: list[AuditEntry]) -> None:
    _delete(entries)
    _unseal(entries)
    AuditChain.objects.all().delete()


def _cut_the_middle_and_step_back(entries: list[AuditEntry]) -> None:
    _delete(entries)
    _unseal(entries, after=4)
    AuditChain.objects.update(head_sequence=4, head_seal=entries[3].seal)


def _cut_the_tail_and_step_back(entries: list[AuditEntry]) -> None:
    _cut_the_tail(entries)
    _unseal(entries, after=6)
    AuditChain.objects.update(head_sequence=6, head_seal=entries[5].seal)


def _pretend_a_retention(entries: list[AuditEntry]) -> None:
    AuditEntry.objects.filter(sequence__lte=4).delete()
    cut = {"cut_sequence": 4, "cut_seal": entries[3].seal, "cut_at": entries[4].at}
    AuditChain.objects.update(**cut)


def _wipe_both_tables(entries: list[AuditEntry]) -> None:
    _remove_everything(entries)
    AuditChain.objects.all().delete()


TAMPERINGS = (
    _delete, _delete_the_first, _cut_the_tail, _cut_the_tail_and_lower_the_head,
    _remove_everything, _swap, _swap_contents, _move_the_newest_on, _lay_in_what_was_given_up,
    _give_a_new_one_an_old_place, _insert_forged, _insert_a_copy, _unseal,
    _cut_the_middle_and_start_over, _cut_the_middle_and_step_back, _cut_the_tail_and_step_back,
    _pretend_a_retention, _wipe_both_tables,
)  # fmt: skip


@pytest.mark.parametrize("tamper", TAMPERINGS)
def test_tampering_is_found(
    entries: list[AuditEntry], tamper: Callable[[list[AuditEntry]], None]
) -> None:
    tamper(entries)

    assert verification.verify().problem


@pytest.mark.parametrize("tamper", TAMPERINGS)
def test_the_product_itself_never_signs_what_somebody_tampered_with(
    entries: list[AuditEntry], tamper: Callable[[list[AuditEntry]], None], settings: Any
) -> None:
    settings.AUDIT_RETENTION_DAYS = 1
    tamper(entries)

    services.create_crm_system(SYSTEM, name="The next write")
    chain.seal_pending()
    with suppress(chain.BrokenChain):
        prune(SYSTEM)
    chain.seal_pending()

    assert verification.verify().problem


def test_who_commits_late_may_have_a_lower_id(entries: list[AuditEntry]) -> None:
    """On PostgreSQL a transaction has its ids before others that end sooner."""
    late = AuditEntry(pk=-1, event="crm_system.updated", actor_kind="key", door="rest")
    late.mac = chain.mac_of(late)
    late.save(force_insert=True)
    chain.seal_pending()

    assert verification.verify()[:2] == (11, 0)
    assert verification.verify().problem == ""


def test_a_clock_that_went_back_moves_nobody(entries: list[AuditEntry]) -> None:
    for hours in (9, 0):
        late = AuditEntry(event="crm_system.updated", actor_kind="key", door="rest")
        late.at += timedelta(hours=hours)
        late.mac = chain.mac_of(late)
        late.save(force_insert=True)
        chain.seal_pending()

    assert verification.verify().problem == ""


def test_without_its_record_nothing_is_sealed_and_the_log_says_so(
    entries: list[AuditEntry], caplog: pytest.LogCaptureFixture
) -> None:
    AuditChain.objects.all().delete()
    services.create_crm_system(SYSTEM, name="Late")

    assert chain.seal_pending() == 0

    assert "stay unsealed" in caplog.text
    assert not chain.is_intact()
    with pytest.raises(CommandError, match="missing"):
        call_command("verify_audit")


def test_the_verifier_changes_nothing(entries: list[AuditEntry]) -> None:
    services.create_crm_system(SYSTEM, name="Late")

    call_command("verify_audit")

    assert AuditEntry.objects.filter(sequence=None).count() == 1


def test_an_entry_that_was_cut_off_does_not_come_back(entries: list[AuditEntry]) -> None:
    old = AuditEntry.objects.get(pk=entries[2].pk)
    cut_before(entries[6].at)
    old.pk, old.sequence, old.seal = None, None, ""
    old._state.adding = True
    old.save()
    services.create_crm_system(SYSTEM, name="The next write")

    assert chain.seal_pending() == 1

    assert "cut off" in verification.verify().problem


def test_the_first_altered_entry_is_named(entries: list[AuditEntry]) -> None:
    AuditEntry.objects.filter(sequence__in=[6, 8]).update(actor_label="Nobody")

    with pytest.raises(CommandError, match=rf"id {entries[5].pk} "):
        call_command("verify_audit")


def test_a_forged_entry_is_not_made_good_by_sealing(entries: list[AuditEntry]) -> None:
    _insert_forged(entries)
    chain.seal_pending()

    assert verification.verify().problem


def test_a_copy_of_a_genuine_entry_is_found(entries: list[AuditEntry]) -> None:
    """Signed as it is. Whoever owns the tables gets the column that forbids it out of the way."""
    allow_anything()
    copied(entries[3])
    assert verification.verify().problem == "An entry is there twice."

    chain.seal_pending()

    assert verification.verify().problem == "An entry is there twice."
