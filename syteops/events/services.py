"""What is done to published events."""

from datetime import timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.utils import timezone

from syteops.audit.models import AuditEntry
from syteops.events.models import Event


def prune_events() -> int:
    """Remove the events older than EVENT_RETENTION_DAYS, and those of which the audit trail keeps
    nothing any more; how many.
    """
    moment = timezone.now() - timedelta(days=settings.EVENT_RETENTION_DAYS)
    # From the oldest end only: a reader's place tells whether it has missed any.
    kept = Event.objects.filter(at__gte=moment).values_list("id", flat=True).first()
    old = Event.objects.all() if kept is None else Event.objects.filter(id__lt=kept)
    entry = AuditEntry.objects.filter(pk=OuterRef("entry_id"))
    gone = Event.objects.filter(~Exists(entry), entry_id__isnull=False)
    newest_gone = gone.order_by("-id").values_list("id", flat=True).first() or 0
    return old.delete()[0] + Event.objects.filter(id__lte=newest_gone).delete()[0]
