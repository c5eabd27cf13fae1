"""What the audit trail tells of the end of keys, against what their rows say.

The rights and ends of a key are sealed in its row, so an older row that somebody has kept is as
genuine as that of now. But the trail, from which nothing is taken unnoticed, tells of the end.
"""

from collections.abc import Collection
from typing import Any

from manage_api.keys.models import ManageKey
from syteops.audit.queries import entries_of_each
from syteops.audit.snapshots import json_value
from syteops.core.events import Verb

_ENDS = ("retires_at", "revoked_at", "paused_at")
_VERBS = (Verb.ROTATED, Verb.REVOKED, Verb.PAUSED, Verb.RESUMED)


def put_back(keys: Collection[int]) -> set[int]:
    """Those of the keys, by primary key, that have ended or rest otherwise than their rows say."""
    told: dict[str, dict[str, Any]] = {}
    events = [f"{ManageKey.noun}.{verb}" for verb in _VERBS]
    entries = entries_of_each(ManageKey, keys).filter(event__in=events).order_by("pk")
    rows: Any = entries.values_list("object_pk", "changes")
    for pk, changes in rows:
        ends = {name: changes[name]["after"] for name in _ENDS if name in changes}
        told.setdefault(pk, {}).update(ends)
    found = ManageKey.objects.in_bulk([int(pk) for pk in told])
    return {pk for pk, key in found.items() if not _agrees(key, told[str(pk)])}


def _agrees(key: ManageKey, ends: dict[str, Any]) -> bool:
    return all(json_value(getattr(key, name)) == end for name, end in ends.items())
