"""What is done to published events."""

from datetime import timedelta
from time import monotonic

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from syteops.audit.models import AuditEntry
from syteops.events.models import Event

PIECE = 100
"""So many rows are removed in one transaction at first, of the events or of their deliveries."""
_MOST_AT_ONCE = 10_000
SECONDS = 0.5
"""Which a transaction may take before the next one removes fewer."""


def prune_events() -> int:
    """Remove the events older than EVENT_RETENTION_DAYS, and those of which the audit trail keeps
    nothing any more; how many, with their deliveries.
    """
    moment = timezone.now() - timedelta(days=settings.EVENT_RETENTION_DAYS)
    # From the oldest end only: a reader's place tells whether it has missed any.
    kept = Event.objects.filter(at__gte=moment).values_list("id", flat=True).first()
    old = Event.objects.all() if kept is None else Event.objects.filter(id__lt=kept)
    entry = AuditEntry.objects.filter(pk=OuterRef("entry_id"))
    gone = Event.objects.filter(~Exists(entry), entry_id__isnull=False)
    return _remove_to(max(_newest(old), _newest(gone)))


def _newest(found: QuerySet[Event]) -> int:
    return found.order_by("-id").values_list("id", flat=True).first() or 0


def _remove_to(end: int) -> int:
    """Remove the events up to that one, from the oldest on, in many transactions.

    On SQLite all who write wait for each, and an event has as many deliveries as webhooks want it.
    """
    removed, rows = 0, PIECE
    while last := _last_of(end, rows):
        began = monotonic()
        removed += Event.objects.filter(id__lte=last).delete()[0]
        is_quick = monotonic() - began < SECONDS
        rows = min(2 * rows, _MOST_AT_ONCE) if is_quick else max(rows // 2, 1)
    return removed


def _last_of(end: int, rows: int) -> int:
    """With which of the oldest events, up to that one, so many rows go at most; 0 if none is left.

    Of each table that refers to them no more go, but with the first of them all that it has.
    """
    found = list(
        Event.objects.filter(id__lte=end).order_by("id").values_list("id", flat=True)[:rows]
    )
    if not found:
        return 0
    last = found[-1]
    for one in Event._meta.related_objects:
        name = one.field.attname
        of_them = one.related_model._base_manager.filter(**{f"{name}__lte": last}).order_by(name)
        for beyond in of_them.values_list(name, flat=True)[rows : rows + 1]:
            last = max(beyond - 1, found[0])
    return last
