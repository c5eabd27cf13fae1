"""From the audit trail to the event feed.

A change and its audit entry are one transaction, and sealing gives every entry its place once that
has committed: without a gap, in an order that readers may rely on, and no writer waits for another
(`audit.chain`). So the trail is the outbox. Publishing follows it, entry by entry, and gives each
change its event; how far it has got is stored with the events themselves, so a process that is
killed leaves neither a gap nor an event twice.
"""

from collections.abc import Callable, Sequence
from time import monotonic, sleep
from typing import Any

from django.db import transaction
from django.db.models import Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from syteops.audit.models import AuditChain, AuditEntry, Outcome
from syteops.automation.services import RESYNCED
from syteops.core.prepared import Prepared
from syteops.events.models import Event, Stream
from syteops.events.variable_changes import changed_variables, remember_variables

BATCH = 500
"""Entries that are published in one transaction, at most."""
SECONDS = 0.5
"""Of such a transaction, about, for no writer should wait longer. So there are fewer entries in one
where very many destinations want each event."""
COMPARED_EVERY = 1.0
"""Seconds between two comparisons of all variables, however many changes are made meanwhile."""
RESTS = 4
"""And so many times as long as one took: it has a fifth of a processor at most."""

Listener = Callable[[Sequence[Event]], object]
_listeners: list[Listener] = []
_rests_until = 0.0
_batch = 20


def on_publish(listener: Listener) -> Listener:
    """Have `listener` called with new events, in the transaction that stores them."""
    _listeners.append(listener)
    return listener


def publish() -> int:
    """Publish what has happened since the last time; how many events that were.

    Where another process is publishing, that one goes on. Costs one short query while nothing
    happens.
    """
    [row] = _PROGRESS() or [None]
    if row is None:
        begin()
        return 0
    head, last_entry, compared_entry = row
    published, spent = 0, 0.0
    while last_entry < head:
        sleep(_rest_after(spent))
        if (batch := _publish_entries()) is None:
            break
        last_entry, count, spent = batch
        published += count
    if compared_entry < last_entry:
        published += _compare_variables()
    return published


def seconds_behind() -> float:
    """For how long the oldest change that is not published has been waiting; 0 if there is none."""
    told = Coalesce(Subquery(Stream.objects.values("last_entry")), 0)
    waiting = AuditEntry.objects.filter(sequence__gt=told).order_by("sequence")
    at = waiting.values_list("at", flat=True).first()
    return max((timezone.now() - at).total_seconds(), 0.0) if at else 0.0


def _progress() -> Any:
    head = Subquery(AuditChain.objects.values("head_sequence"))
    return Stream.objects.values_list(head, "last_entry", "compared_entry")


_PROGRESS: Prepared[Any] = Prepared(_progress)


@transaction.atomic
def begin() -> None:
    """Begin the feed with the site as it is now, unless it has begun.

    `manage.py setup` does, so that nothing is missed while the first server starts.
    """
    chain = AuditChain.objects.first()
    head = chain.head_sequence if chain else 0
    _, is_new = Stream.objects.get_or_create(
        pk=1, defaults={"last_entry": head, "compared_entry": head}
    )
    if is_new:
        remember_variables(changed_variables())


def _rest_after(spent: float) -> float:
    """On SQLite whoever waits to write gets a turn only while nobody writes."""
    return spent if spent > SECONDS / 10 else 0.0


def _keep_pace(spent: float) -> None:
    """Have the next transaction take SECONDS at most, after one that took so long."""
    global _batch  # noqa: PLW0603 - per process on purpose
    fitting = int(_batch * SECONDS / max(spent, 0.001))
    _batch = max(1, min(2 * _batch, fitting, BATCH))


@transaction.atomic
def _publish_entries() -> tuple[int, int, float] | None:
    """Publish the next entries: the last one's place, how many events they made, and the seconds.

    None when there are none, or while another process is publishing.
    """
    stream = _locked_stream()
    if stream is None:
        return None
    began = monotonic()  # not before: to wait for others says nothing of how long this takes
    waiting = AuditEntry.objects.filter(sequence__gt=stream.last_entry).order_by("sequence")
    entries = list(waiting.defer("changes")[:_batch])
    if not entries:
        return None
    stream.last_entry = entries[-1].sequence or 0
    events = [_event_of(one) for one in entries if one.outcome == Outcome.CHANGED]
    _append(stream, events)
    _keep_pace(spent := monotonic() - began)
    return stream.last_entry, len(events), spent


def _compare_variables() -> int:
    """Publish which variables have changed; how many events that made.

    The variables are derived before the transaction begins: that takes longer than a writer should
    wait. What changes meanwhile has an entry behind those that were published, so it is found the
    next time.
    """
    global _rests_until  # noqa: PLW0603 - per process on purpose
    if (began := monotonic()) < _rests_until:
        return 0
    published = Stream.objects.values_list("last_entry", flat=True).get()
    changes = changed_variables()
    ended = monotonic()
    _rests_until = max(began + COMPARED_EVERY, ended + RESTS * (ended - began))
    with transaction.atomic():
        stream = _locked_stream()
        if stream is None or stream.compared_entry >= published:
            return 0
        is_full = _resync_asked(stream.compared_entry, published)
        stream.compared_entry = published
        remember_variables(changes)
        events = changes.as_events(is_full=is_full)
        _append(stream, events)
    return len(events)


def _resync_asked(after: int, until: int) -> bool:
    """Whether one of the entries between asks that all variables be told."""
    entries = AuditEntry.objects.filter(sequence__gt=after, sequence__lte=until)
    return entries.filter(event=RESYNCED).exists()


def _locked_stream() -> Stream | None:
    return Stream.objects.select_for_update(skip_locked=True).first()


def _append(stream: Stream, events: Sequence[Event]) -> None:
    for event in events:
        stream.last_event += 1
        event.id = stream.last_event
    Event.objects.bulk_create(events)
    stream.save()
    for listener in _listeners if events else ():
        listener(events)


def _event_of(entry: AuditEntry) -> Event:
    return Event(
        uid=entry.uid,
        entry=entry,
        at=entry.at,
        type=entry.event,
        resource=entry.object_resource,
        object_id=entry.object_id,
        object_pk=entry.object_pk,
    )
