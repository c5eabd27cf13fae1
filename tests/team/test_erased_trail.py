"""The trail can be verified when somebody was erased, and nobody can fake an erasure."""

from typing import Any

import pytest

from syteops.audit import chain, verification
from syteops.audit.erasing import Remainder, erase_values
from syteops.audit.models import AuditEntry
from syteops.audit.queries import entries_of
from syteops.core.actors import SYSTEM
from syteops.lib.folding import fold
from syteops.team.models import TeamMember
from tests.fixtures import Api
from tests.samples.team import a_member
from tests.team.erasing import a_canary


@pytest.fixture
def trail(api: Api, erased: Any) -> AuditEntry:
    """An entry that lost its values; everything is sealed."""
    member = a_canary(api)
    pk = member.pk
    erased(member)
    chain.seal_pending()
    assert verification.verify().problem == ""
    return entries_of(TeamMember(pk=pk)).earliest("pk")


def test_what_is_left_cannot_be_altered(trail: AuditEntry) -> None:
    found_by = fold(f"Somebody else {trail.actor_label}")
    AuditEntry.objects.filter(pk=trail.pk).update(object_label="Somebody else", searched=found_by)

    assert f"id {trail.pk} " in verification.verify().problem


def test_nor_can_what_it_is_found_by(trail: AuditEntry) -> None:
    AuditEntry.objects.filter(pk=trail.pk).update(searched="somebody else")

    assert f"id {trail.pk} " in verification.verify().problem


def test_values_cannot_be_taken_out_without_a_signed_erasure(api: Api, db: None) -> None:
    a_member()
    chain.seal_pending()
    entry = AuditEntry.objects.latest("pk")
    found_by = fold(entry.actor_label)  # what else would tell that a value is gone
    AuditEntry.objects.filter(pk=entry.pk).update(changes={}, object_label="", searched=found_by)
    bare = AuditEntry.objects.get(pk=entry.pk)
    told: Any = {"entries": {"before": None, "after": [[entry.pk, chain.mac_of(bare)]]}}
    faked = AuditEntry(
        actor_kind="system", door="system", event="audit.erased", object_resource="audit",
        changes=told, mac="0" * 64,
    )  # fmt: skip
    faked.save(force_insert=True)

    assert f"id {entry.pk} " in verification.verify().problem


def test_neither_does_an_erasure_go_unnoticed_that_is_removed(trail: AuditEntry) -> None:
    AuditEntry.objects.filter(event="audit.erased").filter(sequence__gt=0).delete()

    assert verification.verify().problem


def test_nor_one_that_is_taken_back(api: Api, erased: Any) -> None:
    member = a_canary(api)
    entry = entries_of(member).earliest("pk")
    erased(member)

    AuditEntry.objects.filter(pk=entry.pk).update(
        changes=entry.changes, object_label=entry.object_label, searched=entry.searched
    )

    assert f"id {entry.pk}, " in verification.verify().problem


def test_an_altered_entry_is_not_signed_anew(db: None) -> None:
    member = a_member()
    entry = entries_of(member).get()
    AuditEntry.objects.filter(pk=entry.pk).update(actor_label="Somebody else")

    with pytest.raises(chain.TrailBroken):
        erase_values(SYSTEM, [Remainder(entries_of(member).get(), {}, "")])


def test_the_trail_tells_nobody_which_entries_were_emptied(api: Api, erased: Any) -> None:
    erased(a_canary(api))

    [shown] = api.get("/audit?event=audit.erased").json()["entries"]

    told = AuditEntry.objects.get(event="audit.erased").changes["entries"]["after"]
    assert shown["changes"] == {"entries": {"before": None, "after": len(told)}}
    assert len(told) > 4
