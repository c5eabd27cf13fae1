"""Sealing follows the commits and keeps nobody waiting."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import Mock

import pytest
from django.db import connection, transaction

from syteops.audit import chain, verification
from syteops.audit.models import AuditChain, AuditEntry
from syteops.core import background
from syteops.core.actors import SYSTEM
from syteops.core.locks import transaction_lock
from syteops.core.prepared import Prepared
from syteops.crm import services
from syteops.crm.models import CrmSystem
from syteops.server import worker
from tests.threads import elsewhere, in_place_of_the_thread, uncommitted

pytestmark = [pytest.mark.combination, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def systems() -> list[CrmSystem]:
    return [services.create_crm_system(SYSTEM, name=name) for name in ("One", "Two")]


@contextmanager
def nobody_waits() -> Iterator[None]:
    """A statement that has to wait for another transaction fails."""
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '2s'")
        try:
            yield
        finally:
            cursor.execute("RESET lock_timeout")


def rename(system: CrmSystem, name: str) -> None:
    services.update_crm_system(SYSTEM, CrmSystem.objects.get(pk=system.pk), name=name)


def entry_of(system: CrmSystem) -> AuditEntry:
    return AuditEntry.objects.get(object_pk=str(system.pk), event="crm_system.updated")


@pytest.mark.postgresql_only
def test_a_long_transaction_keeps_nobody_waiting_and_is_sealed_when_it_commits(
    systems: list[CrmSystem],
) -> None:
    slow, quick = systems

    with elsewhere(uncommitted(lambda: rename(slow, "Slow"))), nobody_waits():
        rename(quick, "Quick")
        assert entry_of(quick).sequence == 3
        assert verification.verify() == (3, 0, verification.verify().head, "")

    assert entry_of(slow).sequence == 4
    assert entry_of(slow).pk < entry_of(quick).pk  # written first, committed last
    assert verification.verify() == (4, 0, verification.verify().head, "")


@pytest.mark.postgresql_only
def test_who_finds_the_chain_in_use_leaves_the_sealing_to_the_next(
    systems: list[CrmSystem],
) -> None:
    with elsewhere(uncommitted(lambda: transaction_lock("audit_chain"))), nobody_waits():
        rename(systems[0], "Later")
        assert entry_of(systems[0]).sequence is None
        report = verification.verify()
        assert (report.sealed, report.unsealed, report.problem) == (2, 1, "")

    rename(systems[1], "Next")

    assert [entry_of(one).sequence for one in systems] == [3, 4]


def test_a_change_that_is_undone_leaves_no_gap(systems: list[CrmSystem]) -> None:
    with transaction.atomic():
        rename(systems[0], "Never")
        transaction.set_rollback(True)
    rename(systems[1], "There")

    assert entry_of(systems[1]).sequence == 3
    assert verification.verify().problem == ""


def test_writing_goes_on_while_the_trail_is_verified(
    systems: list[CrmSystem], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is committed between two of its reads is neither missing nor too much."""
    verify_sealed = verification._verify_sealed

    def interrupted(*arguments: Any) -> int:
        with elsewhere(uncommitted(lambda: rename(systems[0], "New"))):
            """It is committed at the end of this block."""
        return verify_sealed(*arguments)

    monkeypatch.setattr(verification, "_verify_sealed", interrupted)

    report = verification.verify()

    assert (report.sealed, report.unsealed, report.problem) == (2, 0, "")
    assert entry_of(systems[0]).sequence == 3


def test_a_pile_of_entries_is_sealed_in_batches(
    systems: list[CrmSystem], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chain, "BATCH", 3)
    monkeypatch.setattr(chain, "_WAITING", Prepared(chain._waiting))
    monkeypatch.setattr(chain, "ROUNDS", 2)
    with transaction.atomic():
        for number in range(10):
            rename(systems[0], f"Name {number}")

    assert verification.verify()[:2] == (2 + 6, 4)  # two rounds, then others have to do it
    assert chain.seal_pending() == 4
    assert verification.verify() == (12, 0, verification.verify().head, "")


def test_a_seal_that_fails_is_made_up_for_by_the_next(
    systems: list[CrmSystem], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chain, "seal_of", Mock(side_effect=RuntimeError))
    rename(systems[0], "Later")
    assert entry_of(systems[0]).sequence is None

    monkeypatch.undo()
    rename(systems[1], "Next")

    assert [entry_of(one).sequence for one in systems] == [3, 4]


@pytest.fixture
def in_a_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with in_place_of_the_thread(monkeypatch, 10):
        yield


def test_a_server_process_seals_many_changes_at_once(
    systems: list[CrmSystem], in_a_server: None
) -> None:
    for system in systems:
        rename(system, "Sealed later")
    assert [entry_of(one).sequence for one in systems] == [None, None]

    background.work_once()

    assert [entry_of(one).sequence for one in systems] == [3, 4]
    assert background._jobs.empty()


def test_what_comes_while_a_server_process_seals_is_sealed_together_a_moment_later(
    systems: list[CrmSystem], in_a_server: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename(systems[0], "First")
    seal_batch = chain._seal_batch

    def meanwhile() -> int:
        count = seal_batch()
        monkeypatch.setattr(chain, "_seal_batch", seal_batch)
        rename(systems[1], "Meanwhile")
        return count

    monkeypatch.setattr(chain, "_seal_batch", meanwhile)

    background.work_once()
    assert [entry_of(one).sequence for one in systems] == [3, None]
    background.work_once()

    assert [entry_of(one).sequence for one in systems] == [3, 4]
    assert background._jobs.empty()


def test_a_worker_seals_what_a_killed_process_has_left(
    systems: list[CrmSystem], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chain, "seal_pending", lambda: 0)
    rename(systems[0], "Left")
    monkeypatch.undo()
    assert entry_of(systems[0]).sequence is None

    assert chain.seal_left in [job for _, job in worker.PERIODIC]
    chain.seal_left()

    assert entry_of(systems[0]).sequence == 3


def test_a_worker_does_not_touch_a_broken_chain_every_second(
    systems: list[CrmSystem], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(chain, "seal_pending", lambda: 0)
    rename(systems[0], "Left")
    monkeypatch.undo()
    AuditChain.objects.update(head_seal="0" * 64)

    chain.seal_left()

    assert entry_of(systems[0]).sequence is None
    assert caplog.text == ""
