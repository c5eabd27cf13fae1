"""What the start page shows of notes: what is overdue."""

from collections.abc import Iterator
from typing import Any

from django.urls import reverse

from notes.queries import agenda, overdue
from syteops.core.start_page import Need, counted, needs


@needs("notes.view_note")
def tell_overdue(person: Any) -> Iterator[Need]:
    """What should have been done by yesterday."""
    if count := overdue(agenda()).order_by().count():
        url = f"{reverse('admin:notes_note_agenda')}?show=overdue"
        text = counted(count, "action item is overdue.", "action items are overdue.")
        yield Need("warn", "checklist", text, url, count=count)
