"""Cutting the oldest entries off, so that what is left can still be verified.

The cut is signed, and verification accepts it and nothing else. So each entry that goes is verified
before: else whoever writes to the database would only have to make entries look old to have them
removed, and that signed.
"""

from datetime import datetime, timedelta

from django.db import transaction

from syteops.audit.chain import ends, sign
from syteops.audit.models import AuditEntry
from syteops.audit.stored import Link, erased_macs, refuse_copies, walk
from syteops.core.locks import snapshot

MOST_AT_ONCE = 20_000
"""So many are cut off in one transaction: others who write, or seal, wait for it."""


def old_end(moment: datetime) -> Link | None:
    """The last of the oldest sealed entries that are all from before `moment`, with the time of the
    latest of them. Raises BrokenChain if one of them, or the next, is not what was signed.

    Looks at MOST_AT_ONCE. To verify takes long, so this is for before the transaction that cuts.
    """
    last = None
    with snapshot():
        chain = ends()
        most = chain.cut_sequence + MOST_AT_ONCE
        entries = AuditEntry.objects.filter(sequence__lte=most)
        if next_one := entries.filter(at__gte=moment).order_by("sequence").first():
            entries = entries.filter(sequence__lte=next_one.sequence)
        for link in walk(chain.cut_sequence, chain.cut_seal, entries, erased_macs()):
            if link.at >= moment:
                break
            last = link._replace(at=max(link.at, last.at)) if last else link
        if last:  # a copy of what goes would be there alone, as genuine
            going = AuditEntry.objects.filter(sequence__lte=last.sequence)
            refuse_copies(AuditEntry.objects.filter(uid__in=going.values("uid")))
    return last


@transaction.atomic
def cut_off(end: Link) -> int:
    """Remove the entries up to that one, and sign the cut; how many. Raises BrokenChain."""
    chain = ends(locked=True)
    if end.sequence <= chain.cut_sequence:  # somebody else was faster
        return 0
    chain.cut_sequence, chain.cut_seal = end.sequence, end.seal
    # By the entries, and not by the clock of now: a wrong one would have all that follows refused.
    cut_at = end.at + timedelta(microseconds=1)
    # Never back, where what follows is older: what was cut off before would be sealed anew.
    chain.cut_at = max(chain.cut_at or cut_at, cut_at)
    sign(chain)
    chain.save()
    return AuditEntry.objects.filter(sequence__lte=end.sequence).delete()[0]
