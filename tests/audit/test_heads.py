"""Nobody who writes to the database alone goes back to an end of the chain that was signed once."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from syteops.audit import chain, heads, verification
from syteops.audit.models import AuditChain, AuditEntry
from syteops.core.actors import SYSTEM
from syteops.crm import services
from tests.trail import cut_before

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _settled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heads, "SETTLED", timedelta())


def more(name: str) -> None:
    services.create_crm_system(SYSTEM, name=name)
    chain.seal_pending()


def go_back_to(end: AuditChain) -> None:
    """As somebody at the database does, who has read the ends of the chain before."""
    AuditEntry.objects.filter(sequence__gt=end.head_sequence).delete()
    end.save()


def test_an_older_end_is_noticed_when_the_trail_is_verified_and_within_the_hour(
    entries: list[AuditEntry],
) -> None:
    former = AuditChain.objects.get()
    more("What somebody wants to hide")
    heads.keep_head()
    assert verification.verify().problem == ""

    go_back_to(former)
    for name in ("", "Instead", "Further"):
        if name:
            more(name)
        with pytest.raises(heads.TrailWentBack):
            heads.keep_head()
        with pytest.raises(CommandError, match=r"does not contain .* delete .*audit_head"):
            call_command("verify_audit")
    heads.forget_head()
    heads.keep_head()
    assert verification.verify().problem == ""


@pytest.mark.django_db(transaction=True)
def test_who_has_seen_it_reach_further_writes_nothing_behind_an_older_end(
    after: Callable[[float], None],
) -> None:
    """Within the hour, when no head was kept since, it would look whole to all others."""
    after(0)
    more("Before")
    former = AuditChain.objects.get()
    more("What somebody wants to hide, on a site where nobody else does anything")
    go_back_to(former)
    after(59)
    assert chain.is_intact()  # what is so young may have been lost
    after(61)
    for _ in range(2):
        assert not chain.is_intact()
        with pytest.raises(chain.TrailBroken) as refusal:
            more("Instead")
        assert "restart" in refusal.value.detail
    assert verification.verify().problem == ""


def test_who_has_seen_less_goes_on(
    entries: list[AuditEntry], after: Callable[[float], None]
) -> None:
    """Also where all was removed as old: the number of the end stays."""
    for seconds in (0, 0.5, 70, 140, 9999):
        after(seconds)
        more("Further")
        cut_before(timezone.now())
        assert chain.is_intact()


AWAY = ({"at": datetime(2099, 1, 1, tzinfo=UTC)}, {"sequence": None, "seal": ""}, {"code": "x"})


@pytest.mark.parametrize("values", AWAY)
def test_nobody_has_an_old_head_kept_on_unnoticed(
    entries: list[AuditEntry], values: dict[str, Any]
) -> None:
    """With the newest entries out of sight whenever the hour's work is done: once it is done, they
    could be taken away.
    """
    heads.keep_head()
    more("What somebody wants to hide")
    newest = AuditEntry.objects.filter(pk=AuditEntry.objects.get(sequence=11).pk)
    before = newest.values().get()

    newest.update(**values)
    with pytest.raises(chain.BrokenChain):
        heads.keep_head()
    assert heads._file().read_text().startswith("10:")

    newest.update(**before)
    heads.keep_head()
    assert heads._file().read_text().startswith("11:")


def test_only_what_came_since_is_verified_to_keep_it(entries: list[AuditEntry]) -> None:
    """The whole of a long trail would take minutes each hour."""
    heads.keep_head()
    more("New")
    AuditEntry.objects.filter(sequence=5).update(code="x")
    heads.keep_head()
    assert heads._file().read_text().startswith("11:")


def test_what_was_cut_off_as_old_need_not_be_there(entries: list[AuditEntry]) -> None:
    heads.keep_head()
    more("Later")
    assert cut_before(timezone.now()) == 11
    heads.keep_head()
    more("Last")
    heads.keep_head()
    assert verification.verify().problem == ""


def test_what_a_machine_may_lose_without_power_is_not_kept(
    entries: list[AuditEntry], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever lost it has not altered it."""
    monkeypatch.undo()
    former = AuditChain.objects.get()
    more("A moment ago")
    heads.keep_head()
    go_back_to(former)
    assert verification.verify().problem == ""


@pytest.mark.parametrize("damage", ["", "\n", "é", "12", "-1:00"])
def test_a_file_that_holds_no_head_is_none(entries: list[AuditEntry], damage: str) -> None:
    heads._file().write_text(damage, encoding="utf-8")
    assert verification.verify().problem == ""
    heads.keep_head()
    assert heads._file().read_text().startswith("10:")
