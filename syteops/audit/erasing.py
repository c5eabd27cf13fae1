"""Taking a person's values out of the trail for good, so that it can still be verified.

An entry that loses its values keeps its MAC, its seal and its place. What is left of it has a MAC
of its own, and that is named in an entry `audit.erased`, which is signed and chained like any
other. The verifier takes what is left for genuine in that very form, and only with that entry:
whoever writes to the database can neither fake an erasure nor take one back.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.db import transaction

from syteops.audit.chain import TrailBroken, mac_of, sign_entry
from syteops.audit.models import AuditEntry
from syteops.audit.services import record_about
from syteops.audit.stored import ERASURE, erased_macs
from syteops.core.actors import Actor
from syteops.core.events import Noun, Verb
from syteops.core.folding import folded_fields
from syteops.core.trials import is_trial

_TEXTS = ("changes", "object_label")
_COLUMNS = (*_TEXTS, *(one.name for one in folded_fields(AuditEntry, _TEXTS)))
"""What an erasure changes: the values, and what is folded of them."""


class Remainder(NamedTuple):
    """What is to be left of an entry."""

    entry: AuditEntry
    changes: dict[str, Any]
    label: str


@transaction.atomic
def erase_values(actor: Actor, remainders: Iterable[Remainder]) -> int:
    """Leave of each entry what is told, and record which they are; how many lost anything.

    Raises TrailBroken for an entry that is not what was signed: it would be signed anew.
    """
    known = erased_macs()
    left: list[tuple[int, str]] = []
    for entry, changes, label in remainders:
        if (entry.changes, entry.object_label) == (changes, label):
            continue
        if not is_trial() and mac_of(entry) != known.get(entry.pk, entry.mac):
            raise TrailBroken
        entry.changes, entry.object_label = changes, label
        columns = {name: getattr(entry, name) for name in _COLUMNS}
        AuditEntry.objects.filter(pk=entry.pk).update(**columns)
        left.append((entry.pk, sign_entry(entry)))
    if left:
        about = (AuditEntry.resource, "", "")
        record_about(actor, Noun.AUDIT, Verb.ERASED, about, {ERASURE: (None, left)})
    return len(left)
