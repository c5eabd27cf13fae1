"""What the audit trail tells of the end of keys and of the API, against what their rows say.

The rights and ends of a key are sealed in its row, so an older row that somebody has kept is as
genuine as that of now. But the trail, from which nothing is taken unnoticed, tells of the end.
"""

from collections.abc import Collection
from typing import Any

from manage_api.keys.models import ApiSwitch, ManageKey
from syteops.audit.queries import changes_of_each
from syteops.audit.snapshots import json_value
from syteops.core.events import Verb

_ENDS = ("retires_at", "revoked_at", "paused_at")
_VERBS = (Verb.ROTATED, Verb.REVOKED, Verb.PAUSED, Verb.RESUMED)


def put_back(public_ids: Collection[str]) -> set[str]:
    """Those of the keys that have ended or rest otherwise than their rows say.

    By the public id, which is sealed: whoever writes to the database gives a row any primary key.
    """
    told: dict[str, dict[str, Any]] = {}
    events = [f"{ManageKey.noun}.{verb}" for verb in _VERBS]
    entries = changes_of_each(ManageKey, public_ids).filter(event__in=events).order_by("pk")
    rows: Any = entries.values_list("object_id", "changes")
    for public_id, changes in rows:
        ends = {name: changes[name]["after"] for name in _ENDS if name in changes}
        told.setdefault(public_id, {}).update(ends)
    found = ManageKey.objects.in_bulk(list(told), field_name="public_id")
    return {public_id for public_id, key in found.items() if not _agrees(key, told[public_id])}


def _agrees(key: ManageKey, ends: dict[str, Any]) -> bool:
    return all(json_value(getattr(key, name)) == end for name, end in ends.items())


def was_disabled() -> bool:
    """Whether the API was, and nobody has enabled it since, whatever its row says."""
    events = [f"{ApiSwitch.noun}.{verb}" for verb in (Verb.ENABLED, Verb.DISABLED)]
    told = changes_of_each(ApiSwitch, ["1"]).filter(event__in=events).order_by("-pk")
    return told.values_list("event", flat=True).first() == events[1]
