"""A trail that was replaced as a whole shows against the head that somebody has kept elsewhere."""

import pytest
from django.core.management import CommandError, call_command

from syteops.audit import chain, verification
from syteops.audit.models import AuditChain, AuditEntry
from syteops.core.actors import SYSTEM
from syteops.crm import services
from tests.trail import cut_before, seal_what_is_given_up

pytestmark = pytest.mark.django_db


def test_an_older_copy_of_the_whole_trail_shows_against_a_kept_head(
    entries: list[AuditEntry],
) -> None:
    services.create_crm_system(SYSTEM, name="Newer")
    chain.seal_pending()
    head = verification.verify().head
    AuditEntry.objects.filter(sequence=11).delete()
    older = AuditChain(pk=1, head_sequence=10, head_seal=entries[9].seal)
    chain.sign(older)
    older.save()

    assert verification.verify().problem == ""
    assert verification.verify(head).problem
    assert verification.verify(head[:20]).problem


def test_a_trail_that_went_another_way_since_shows_against_a_kept_head(
    entries: list[AuditEntry],
) -> None:
    head = f"11:{seal_what_is_given_up().seal}"
    for name in ("Instead", "Next"):
        services.create_crm_system(SYSTEM, name=name)
    chain.seal_pending()

    assert verification.verify().problem == ""
    for one in (head, head[:20]):
        assert verification.verify(one).problem.endswith("the trail was replaced.")


@pytest.mark.parametrize("head", ["10", "ten:0123456789abcdef", "10:", "10:xyz", ":"])
def test_a_head_that_is_none_is_refused(entries: list[AuditEntry], head: str) -> None:
    with pytest.raises(CommandError, match="--head"):
        call_command("verify_audit", head=head)


def test_a_head_that_cannot_be_compared_is_no_proof(entries: list[AuditEntry]) -> None:
    """One of another site, or of what is gone: to find nothing would look like whole."""
    at_cut, other = f"6:{entries[5].seal}", "f" * 64
    assert cut_before(entries[6].at) == 6

    assert verification.verify(at_cut).problem == ""
    assert verification.verify(f"007:{entries[6].seal}").problem == ""
    for number in ("6", "007"):
        assert verification.verify(f"{number}:{other}").problem.endswith("was replaced.")
    for head in (f"5:{entries[4].seal}", f"0:{other}"):
        assert "removed because it was old" in verification.verify(head).problem


def test_a_kept_head_may_be_shortened(entries: list[AuditEntry]) -> None:
    head = verification.verify().head

    call_command("verify_audit", head=head[:19])
