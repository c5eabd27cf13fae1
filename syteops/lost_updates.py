"""No lost updates in the admin: a form does not overwrite what others changed while it was open.

A form carries, as `_seen`, the newest audit entry about its object at the moment it was opened. If
there is a newer one when the form comes back, nothing is stored: the form is shown again with what
the person entered, beside what the others changed; saving it once more is then a decision.
"""

import re
from collections.abc import Collection
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict

from syteops.audit.models import AuditEntry, Outcome
from syteops.lib.errors import Conflict

FIELD = "_seen"


class ChangedMeanwhile(Conflict):
    """Others changed the object while the form was open; `entries` tell what, the oldest first."""

    def __init__(self, entries: list[AuditEntry]) -> None:
        super().__init__("Others changed this while you had it open. Nothing was saved.")
        self.entries = entries


def changes_of(resource: str, pk: str) -> QuerySet[AuditEntry]:
    """Every change of one object."""
    return AuditEntry.objects.filter(
        object_resource=resource, object_pk=pk, outcome=Outcome.CHANGED
    )


def refuse_if_unseen(request: HttpRequest, changes: QuerySet[AuditEntry]) -> None:
    """Raises ChangedMeanwhile if the form has not seen all of `changes`.

    What it lets pass under the lock of the change is current; before that it may still change.

    A form that does not say what it has seen (a script's) is taken to know what it does.
    """
    seen = request.POST.get(FIELD, "")
    if re.fullmatch("[0-9]{1,18}", seen):
        newer = list(changes.filter(pk__gt=int(seen)).order_by("pk"))
        if newer:
            raise ChangedMeanwhile(newer)


def what_is_seen(request: HttpRequest, changes: QuerySet[AuditEntry]) -> dict[str, Any]:
    """For a form's page: what whoever opens it sees. Call before the object itself is read.

    A form that comes back, for whatever mistake, has still only seen what it had.
    """
    if request.method == "POST":
        return {"seen": request.POST.get(FIELD, "")}
    newest = changes.order_by("-pk").values_list("pk", flat=True).first()
    return {"seen": newest or 0}


def what_was_missed(refusal: Exception | None) -> dict[str, Any]:
    """For the page that shows a refused form again: what the person did not know, and now does."""
    if not isinstance(refusal, ChangedMeanwhile):
        return {}
    return {"seen": refusal.entries[-1].pk, "meanwhile": refusal.entries}


def with_lost_rows_as_new(data: QueryDict, prefix: str, there: Collection[str]) -> QueryDict:
    """A formset's input in which the rows that were removed meanwhile count as new ones.

    `there` are the ids of the rows that still exist. Django would refuse the others for ever.
    """
    fields = re.compile(rf"{re.escape(prefix)}-(\d+)-(.+)")
    made, rows = QueryDict(mutable=True), dict[int, dict[str, list[Any]]]()
    for name, values in data.lists():
        if match := fields.fullmatch(name):
            rows.setdefault(int(match[1]), {})[match[2]] = values
        else:
            made.setlist(name, values)
    kept = [row for row in rows.values() if row.get("id", [""])[0] in there]
    lost = [{**row, "id": [""]} for row in rows.values() if row not in kept]
    for index, row in enumerate([*kept, *lost]):
        for name, values in row.items():
            made.setlist(f"{prefix}-{index}-{name}", values)
    made[f"{prefix}-INITIAL_FORMS"], made[f"{prefix}-TOTAL_FORMS"] = str(len(kept)), str(len(rows))
    return made
