"""Is the audit trail whole? Every entry, and the chain of them, against what was signed."""

from collections.abc import Mapping
from typing import NamedTuple

from syteops.audit.chain import BrokenChain, ends
from syteops.audit.heads import require_kept_head
from syteops.audit.models import AuditChain, AuditEntry
from syteops.audit.stored import (
    AT,
    erased_macs,
    is_genuine,
    refuse_copies,
    require_end,
    rows,
    walk,
)
from syteops.core.locks import snapshot


class Report(NamedTuple):
    """What a verification found: nothing (`problem` is ""), or the first thing that is wrong."""

    sealed: int
    unsealed: int
    head: str
    problem: str


def verify(expected_head: str = "") -> Report:
    """Check every entry and the chain. `expected_head` is one printed earlier, to be contained.

    Of its seal the first characters are enough. So must be the head that is kept here.

    Looks at one moment of the trail, while others go on writing, and keeps none of it in memory.
    """
    sealed = unsealed = 0
    head = problem = ""
    with snapshot():
        try:
            chain = ends()
            head = f"{chain.head_sequence}:{chain.head_seal}"
            erased = erased_macs()
            sealed = _verify_sealed(chain, expected_head, erased)
            require_kept_head(chain)
            unsealed = _verify_unsealed(chain, erased)
            refuse_copies(AuditEntry.objects.all())
        except BrokenChain as broken:
            problem = str(broken)
    return Report(sealed, unsealed, head, problem)


def _verify_sealed(chain: AuditChain, expected_head: str, erased: Mapping[int, str]) -> int:
    number, _, start = expected_head.partition(":")
    wanted = int(number) if number else None
    if wanted is not None and wanted < chain.cut_sequence:
        raise BrokenChain(f"Number {wanted} was removed because it was old. Keep a newer head.")
    sequence, seal = chain.cut_sequence, chain.cut_seal
    if sequence == wanted:
        _require_start(sequence, seal, start)
    sealed = AuditEntry.objects.exclude(sequence=None)
    for link in walk(sequence, seal, sealed, erased):
        sequence, seal, _ = link
        if sequence == wanted:
            _require_start(sequence, seal, start)
    require_end(chain, sequence, seal)
    if wanted is not None and wanted > sequence:
        raise BrokenChain(f"The trail once reached number {wanted} and now ends at {sequence}.")
    return sequence - chain.cut_sequence


def _require_start(sequence: int, seal: str, start: str) -> None:
    if not seal.startswith(start):
        raise BrokenChain(f"Number {sequence} is not the entry it was: the trail was replaced.")


def _verify_unsealed(chain: AuditChain, erased: Mapping[int, str]) -> int:
    count = 0
    unsealed = AuditEntry.objects.filter(sequence=None).order_by("id")
    for entry_id, mac, _, seal, *values in rows(unsealed):
        if seal or not is_genuine(erased.get(entry_id, mac), values):
            raise BrokenChain(f"Entry id {entry_id}, not yet sealed, was altered or inserted.")
        if chain.cut_at and values[AT] < chain.cut_at:
            raise BrokenChain(f"Entry id {entry_id} is older than those that were cut off.")
        count += 1
    return count
