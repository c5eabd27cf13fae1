"""Workbooks too large to wait for: made by a worker, kept sealed for a day, for one person."""

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from syteops.core.encryption import open_sealed, seal
from syteops.core.errors import Conflict, Invalid
from syteops.team.places import wait_for_erasures
from syteops.transfer import files
from syteops.transfer.budget import Tell, keep_latest
from syteops.transfer.models import Download
from syteops.transfer.sheets import Sheet

KEPT = timedelta(days=1)
GONE = "This file is not there any more. Export it once more."


@transaction.atomic
def keep(user: Any, sheet: Sheet, keys: list[Any]) -> Download:
    """What is to be made."""
    kept = Download.objects.create(person=user, resource=sheet.viewset.resource, keys=keys)
    keep_latest(Download, user)
    return kept


def find(user: Any, sheet: Sheet, key: Any) -> Download:
    """That person's. Raises Conflict if it is not there any more."""
    found = Download.objects.filter(pk=key, person=user, resource=sheet.viewset.resource).first()
    if found is None:
        raise Conflict(GONE)
    return found


def make(
    kept: Download, sheet: Sheet, tell: Tell, storing: Callable[[], AbstractContextManager[Any]]
) -> None:
    """Make the workbook. Raises Conflict for what it cannot hold, and if it is gone.

    Who is being erased is not read any more; who is erased from now on has the file deleted.
    """
    wait_for_erasures()
    rows = _told(sheet.exported_of(kept.keys), len(kept.keys), tell)
    try:
        made = files.as_xlsx(list(sheet.columns), rows)
    except Invalid as refusal:
        raise Conflict(refusal.errors[0].detail) from refusal
    with storing(), transaction.atomic():
        row = Download.objects.select_for_update().filter(pk=kept.pk).first()
        if row is None:
            raise Conflict(GONE)
        row.content = seal(kept, "content", b64encode(made).decode())
        row.save(update_fields=["content"])


def content_of(kept: Download) -> bytes | None:
    """The workbook; None as long as it is not made."""
    text = open_sealed(kept, "content")
    return b64decode(text) if text else None


def forget_downloads() -> None:
    """Delete those that were begun more than a day ago."""
    Download.objects.filter(begun_at__lt=timezone.now() - KEPT).delete()


def _told(rows: Iterable[list[str]], total: int, tell: Tell) -> Iterator[list[str]]:
    for done, row in enumerate(rows):
        tell(done, total)
        yield row
