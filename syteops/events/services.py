"""What is done to published events."""

from datetime import timedelta
from time import monotonic

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from syteops.audit.models import AuditEntry
from syteops.events.models import Event

PIECE = 100
"""So many are removed in one transaction at first."""
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
    removed, size = 0, PIECE
    found = Event.objects.filter(id__lte=end).order_by("id").values_list("id", flat=True)
    while piece := list(found[:size]):
        began = monotonic()
        removed += Event.objects.filter(id__lte=piece[-1]).delete()[0]
        is_quick = monotonic() - began < SECONDS
        size = min(2 * size, _MOST_AT_ONCE) if is_quick else max(size // 2, 1)
    return removed
